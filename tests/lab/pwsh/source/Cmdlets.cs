// What all of the world's cmdlets have in common; the classes with their parameters are made from the catalogue (modules.py).
using System;
using System.Linq;
using System.Management.Automation;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lab
{
    public abstract class WorldCmdlet : PSCmdlet
    {
        private int call;

        // Whether the cmdlet supports ShouldProcess.
        protected virtual bool Confirms => false;

        protected override void BeginProcessing()
        {
            call = World.Ask(new JsonObject { ["do"] = "begin", ["cmdlet"] = MyInvocation.MyCommand.Name }).GetProperty("call").GetInt32();
        }

        protected override void ProcessRecord()
        {
            if (Confirms && !ShouldProcess(Target()))
            {
                return;
            }
            var parameters = new JsonObject();
            foreach (var bound in MyInvocation.BoundParameters)
            {
                parameters[bound.Key] = Values.ToJson(bound.Value);
            }
            var question = new JsonObject { ["do"] = "record", ["call"] = call, ["parameters"] = parameters };
            while (Answered(World.Ask(question)))
            {
                question = new JsonObject { ["do"] = "next", ["call"] = call };
            }
        }

        protected override void EndProcessing()
        {
            Answered(World.Ask(new JsonObject { ["do"] = "end", ["call"] = call }));
        }

        protected override void StopProcessing()
        {
            World.Interrupt();
        }

        private string Target()
        {
            var bound = MyInvocation.BoundParameters;
            object target = bound.TryGetValue("Identity", out object identity) ? identity : bound.Values.FirstOrDefault();
            return target == null ? "" : target.ToString();
        }

        // Passes on what the world says; true when there is more to come.
        private bool Answered(JsonElement answer)
        {
            foreach (JsonElement told in answer.GetProperty("events").EnumerateArray())
            {
                JsonProperty one = told.EnumerateObject().First();
                switch (one.Name)
                {
                    case "output": WriteObject(Values.From(one.Value)); break;
                    case "error": WriteError(Record(one.Value)); break;
                    case "warning": WriteWarning(one.Value.GetString()); break;
                    case "verbose": WriteVerbose(one.Value.GetString()); break;
                    case "progress": WriteProgress(new ProgressRecord(1, one.Value[0].GetString(), one.Value[1].GetString()) { PercentComplete = one.Value[2].GetInt32() }); break;
                }
            }
            if (answer.TryGetProperty("terminating", out JsonElement error))
            {
                ThrowTerminatingError(Record(error));
            }
            return answer.GetProperty("more").GetBoolean();
        }

        private static ErrorRecord Record(JsonElement told)
        {
            Exception exception = Types.Exception(told.GetProperty("type").GetString(), told.GetProperty("message").GetString());
            var category = Enum.Parse<ErrorCategory>(told.GetProperty("category").GetString());
            return new ErrorRecord(exception, told.GetProperty("id").GetString(), category, Values.From(told.GetProperty("target")));
        }
    }
}

namespace Lab
{
    // What WinRM knows of the client: the variable PSSenderInfo of each session (session.ps1).
    [Cmdlet(VerbsCommon.Get, "LabSender")]
    public sealed class GetLabSender : PSCmdlet
    {
        protected override void EndProcessing()
        {
            WriteObject(Values.From(World.Ask(new JsonObject { ["do"] = "sender" }).GetProperty("value")));
        }
    }
}

namespace Microsoft.PowerShell.Commands
{
    // Windows PowerShell's, which later versions lack.
    [Cmdlet(VerbsCommon.Add, "PSSnapin")]
    public sealed class AddPSSnapinCommand : PSCmdlet
    {
        [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
        public string[] Name { get; set; }

        [Parameter]
        public SwitchParameter PassThru { get; set; }

        protected override void ProcessRecord()
        {
            foreach (string name in Name)
            {
                JsonElement answer = Lab.World.Ask(new JsonObject { ["do"] = "snap-in", ["name"] = name });
                if (!answer.TryGetProperty("module", out JsonElement module))
                {
                    var exception = new PSArgumentException("The Windows PowerShell snap-in '" + name + "' is not installed on this computer.");
                    WriteError(new ErrorRecord(exception, "AddPSSnapInRead", ErrorCategory.InvalidArgument, name));
                    continue;
                }
                var import = ScriptBlock.Create("param($Path) Microsoft.PowerShell.Core\\Import-Module -Name $Path -Global -DisableNameChecking");
                InvokeCommand.InvokeScript(false, import, null, module.GetString());
            }
        }
    }
}

// The world's live objects: each is an instance of a class with its type's names and members, and every member asks the world.
using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Management.Automation;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lab
{
    public static class Objects
    {
        private sealed class Entry
        {
            public int Handle;
            public string Text;
            public JsonElement Simple;
            public long Age = -1;
            public long Until;
        }

        // Milliseconds.
        private const int HoldsFor = 100;

        private static readonly ConditionalWeakTable<object, Entry> Entries = new ConditionalWeakTable<object, Entry>();
        private static readonly ConcurrentDictionary<int, (Type Type, object Instance)> Known = new ConcurrentDictionary<int, (Type, object)>();

        // The object with this handle; the same instance for the same object.
        public static object From(JsonElement told)
        {
            int handle = told.GetProperty("handle").GetInt32();
            Type type = Types.Object(told);
            if (!Known.TryGetValue(handle, out var known) || known.Type != type)
            {
                known = (type, Named(Activator.CreateInstance(type), told));
                Entries.Add(PSObject.AsPSObject(known.Instance).BaseObject, new Entry { Handle = handle });
                Known[handle] = known;
                Prefer(known.Instance, told.GetProperty("properties"));
            }
            Entries.TryGetValue(PSObject.AsPSObject(known.Instance).BaseObject, out Entry entry);
            entry.Text = told.GetProperty("text").GetString();
            Annotate(known.Instance, told.GetProperty("notes"));
            return known.Instance;
        }

        // A value that is nothing but its text and the names of its types.
        public static object Text(JsonElement told)
        {
            object value = Activator.CreateInstance(Types.Object(told));
            Entries.Add(value, new Entry { Handle = -1, Text = told.GetProperty("v").GetString() });
            return Named(value, told);
        }

        public static bool IsLive(object value, out int handle)
        {
            handle = Entries.TryGetValue(value, out Entry entry) ? entry.Handle : -1;
            return handle >= 0;
        }

        // What the classes made by Types call.
        public static string TextOf(object self)
        {
            return Entries.TryGetValue(self, out Entry entry) ? entry.Text : self.GetType().FullName;
        }

        // With a property come the object's simple ones, so that a whole object is one question. They hold until something is done.
        public static T Get<T>(object self, string name)
        {
            Entries.TryGetValue(self, out Entry entry);
            if (entry.Age == World.Deeds && Environment.TickCount64 < entry.Until && entry.Simple.TryGetProperty(name, out JsonElement known))
            {
                return Values.Cast<T>(known);
            }
            JsonElement answer = World.Ask(Question("get", self, name));
            entry.Simple = answer.GetProperty("simple");
            entry.Age = World.Deeds;
            entry.Until = Environment.TickCount64 + HoldsFor;
            return Values.Cast<T>(answer.GetProperty("value"));
        }

        public static void Set(object self, string name, object value)
        {
            JsonObject question = Question("set", self, name);
            question["value"] = Values.ToJson(value);
            World.Ask(question);
        }

        public static T Call<T>(object self, string name, int index, object[] arguments)
        {
            JsonObject question = Question("call", self, name);
            question["index"] = index;
            question["arguments"] = Values.ToJson(arguments);
            return Values.Cast<T>(World.Ask(question).GetProperty("value"));
        }

        private static JsonObject Question(string what, object self, string name)
        {
            Entries.TryGetValue(self, out Entry entry);
            return new JsonObject { ["do"] = what, ["handle"] = entry.Handle, ["name"] = name };
        }

        // Where a chain of type names cannot be one of classes, PowerShell is told the names.
        private static object Named(object value, JsonElement told)
        {
            string[] names = told.GetProperty("types").EnumerateArray().Select(one => one.GetString()).ToArray();
            PSObject wrapped = PSObject.AsPSObject(value);
            if (wrapped.TypeNames.SequenceEqual(names))
            {
                return value;
            }
            wrapped.TypeNames.Clear();
            foreach (string name in names)
            {
                wrapped.TypeNames.Add(name);
            }
            return wrapped;
        }

        // PowerShell's type data has script properties of some names (VersionInfo of a file), which would look at this machine.
        private static void Prefer(object value, JsonElement properties)
        {
            PSObject wrapped = PSObject.AsPSObject(value);
            foreach (string name in properties.EnumerateArray().Select(one => one[0].GetString()))
            {
                if (!(wrapped.Properties[name] is PSProperty))
                {
                    wrapped.Properties.Add(new PSNoteProperty(name, Get<object>(wrapped.BaseObject, name)), true);
                }
            }
        }

        private static void Annotate(object value, JsonElement notes)
        {
            foreach (JsonElement note in notes.EnumerateArray())
            {
                PSObject wrapped = PSObject.AsPSObject(value);
                string name = note[0].GetString();
                wrapped.Properties.Remove(name);
                wrapped.Properties.Add(new PSNoteProperty(name, Values.From(note[1])));
            }
        }
    }
}

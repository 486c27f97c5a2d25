// The lab's world, as one child sees it: a line of JSON for each question, and one for its answer.
using System;
using System.IO;
using System.Management.Automation;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lab
{
    public static class World
    {
        private static readonly object Turn = new object();
        private static TcpClient connection;
        private static StreamReader reader;
        private static StreamWriter writer;

        // How often something was asked that may change what is known of objects.
        public static long Deeds { get; private set; }

        // What the world answers. What goes wrong there is thrown here, as an exception of its type.
        public static JsonElement Ask(JsonObject question)
        {
            JsonElement answer;
            lock (Turn)
            {
                if (connection == null)
                {
                    Connect();
                }
                Deeds += question["do"].GetValue<string>() == "get" ? 0 : 1;
                try
                {
                    writer.Write(question.ToJsonString() + "\n");
                    writer.Flush();
                    string line = reader.ReadLine();
                    answer = JsonDocument.Parse(line ?? throw new IOException("The lab has ended.")).RootElement;
                }
                catch (Exception error) when (error is IOException || error is ObjectDisposedException)
                {
                    connection = null;
                    throw new PipelineStoppedException("The lab did not answer.", error);
                }
            }
            if (answer.TryGetProperty("thrown", out JsonElement thrown))
            {
                throw Types.Exception(thrown.GetProperty("type").GetString(), thrown.GetProperty("message").GetString());
            }
            return answer;
        }

        // Whoever waits for an answer stops waiting.
        public static void Interrupt()
        {
            connection?.Close();
        }

        // LAB_WORLD is ADDRESS:PORT:TOKEN.
        private static void Connect()
        {
            string[] parts = Environment.GetEnvironmentVariable("LAB_WORLD").Split(':');
            var client = new TcpClient { NoDelay = true };
            client.Connect(parts[0], int.Parse(parts[1]));
            reader = new StreamReader(client.GetStream());
            writer = new StreamWriter(client.GetStream());
            writer.Write(parts[2] + "\n");
            connection = client;
        }
    }
}

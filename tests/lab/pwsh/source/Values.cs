// Values on their way between PowerShell and the lab's world (tests/lab/pwsh/values.py).
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Security;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lab
{
    // A value of a type that a product declares for its parameters: made by the world, kept there, shown as its text.
    public abstract class Converted
    {
        private string text = "";

        protected Converted()
        {
            Handle = -1;
        }

        protected Converted(string type, object value)
        {
            var question = new JsonObject { ["do"] = "convert", ["type"] = type, ["value"] = Values.ToJson(value) };
            JsonElement answer = World.Ask(question);
            if (answer.TryGetProperty("refused", out JsonElement refused))
            {
                throw refused.GetString() == "" ? new InvalidCastException() : new FormatException(refused.GetString());
            }
            Handle = answer.GetProperty("handle").GetInt32();
            text = answer.GetProperty("text").GetString();
            Items = answer.GetProperty("items").EnumerateArray().Select(one => one.GetString()).ToArray();
        }

        internal int Handle { get; }

        // The texts of what a list holds.
        protected string[] Items { get; } = new string[0];

        public override string ToString()
        {
            return text;
        }

        // An item of a list, which is only looked at: the list is given back as a whole.
        protected static object Item(Type type, string text)
        {
            if (!typeof(Converted).IsAssignableFrom(type))
            {
                return text;
            }
            var item = (Converted)RuntimeHelpers.GetUninitializedObject(type);
            item.text = text;
            return item;
        }
    }

    // Tells PowerShell of a value that the world refuses without a reason that there is no way to make one of it.
    public sealed class Converter : PSTypeConverter
    {
        public override bool CanConvertFrom(object sourceValue, Type destinationType)
        {
            try
            {
                ConvertFrom(sourceValue, destinationType, CultureInfo.InvariantCulture, false);
            }
            catch (InvalidCastException)
            {
                return false;
            }
            catch (FormatException)
            {
            }
            return true;
        }

        public override object ConvertFrom(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase)
        {
            MethodInfo make = destinationType.GetMethod("From", BindingFlags.Public | BindingFlags.Static);
            return make.CreateDelegate<Func<object, object>>()(sourceValue);
        }

        public override bool CanConvertTo(object sourceValue, Type destinationType)
        {
            return false;
        }

        public override object ConvertTo(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase)
        {
            throw new NotSupportedException();
        }
    }

    // A list of such values. It is a collection so that the binder offers it lists, and hashtables, as a whole. Where the world refuses
    // them, the binder begins an empty list and adds item by item, and so finds the one that is wrong.
    public abstract class ConvertedList<T> : Converted, ICollection<T>
    {
        protected ConvertedList() { }

        protected ConvertedList(object value) : base(Named, value) { }

        // As the catalogue writes it.
        private static string Named => typeof(T) == typeof(object) ? "MultiValuedProperty" : "MultiValuedProperty<" + typeof(T).Name + ">";

        public int Count => Items.Length;
        public bool IsReadOnly => false;

        public void Add(T item) { }
        public void Clear() { }
        public bool Contains(T item) => false;
        public void CopyTo(T[] array, int index) { }
        public bool Remove(T item) => false;
        public IEnumerator<T> GetEnumerator() => Items.Select(one => (T)Item(typeof(T), one)).GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    public static class Values
    {
        private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

        public static T Cast<T>(JsonElement told)
        {
            object value = From(told);
            object plain = value is PSObject wrapped ? wrapped.BaseObject : value;
            return typeof(T) != typeof(object) && plain is T fitting ? fitting
                : value == null ? default
                : (T)LanguagePrimitives.ConvertTo(value, typeof(T), Plain);
        }

        public static object From(JsonElement told)
        {
            switch (told.ValueKind)
            {
                case JsonValueKind.Null: return null;
                case JsonValueKind.True: return true;
                case JsonValueKind.False: return false;
                case JsonValueKind.String: return told.GetString();
                case JsonValueKind.Number: return told.GetInt32();
            }
            string kind = told.GetProperty("$").GetString();
            switch (kind)
            {
                case "object": return Objects.From(told);
                case "text": return Objects.Text(told);
                case "enum": return Enum.ToObject(Types.Enumeration(told.GetProperty("type")), told.GetProperty("number").GetInt32());
                case "list": return List(told);
                case "table": return Table(told);
                case "custom": return Custom(told);
                case "credential": return new PSCredential(told.GetProperty("user").GetString(), Secret(told.GetProperty("v").GetString()));
            }
            string written = told.GetProperty("v").GetString();
            switch (kind)
            {
                case "long": return long.Parse(written, Plain);
                case "double": return double.Parse(written, Plain);
                case "bytes": return Convert.FromBase64String(written);
                case "guid": return Guid.Parse(written);
                case "uri": return new Uri(written, UriKind.RelativeOrAbsolute);
                case "version": return new Version(written);
                case "timespan": return TimeSpan.Parse(written, Plain);
                case "ip": return IPAddress.Parse(written);
                case "secret": return Secret(written);
                case "datetime":
                    string zone = told.GetProperty("kind").GetString();
                    return new DateTime(long.Parse(written, Plain) * 10, zone == "utc" ? DateTimeKind.Utc : zone == "local" ? DateTimeKind.Local : DateTimeKind.Unspecified);
            }
            throw new ArgumentException("The world said " + kind);
        }

        private static object List(JsonElement told)
        {
            object[] items = told.GetProperty("v").EnumerateArray().Select(From).ToArray();
            switch (told.GetProperty("types")[0].GetString())
            {
                case "System.Collections.ArrayList": return new ArrayList(items);
                case "System.String[]": return items.Select(one => (string)one).ToArray();
                default: return items;
            }
        }

        private static Hashtable Table(JsonElement told)
        {
            var table = new Hashtable(StringComparer.CurrentCultureIgnoreCase);
            foreach (JsonElement entry in told.GetProperty("v").EnumerateArray())
            {
                table[From(entry[0])] = From(entry[1]);
            }
            return table;
        }

        private static PSObject Custom(JsonElement told)
        {
            var made = new PSObject();
            string[] names = told.GetProperty("types").EnumerateArray().Select(one => one.GetString()).ToArray();
            if (names.Length > 0)
            {
                made.TypeNames.Clear();
            }
            foreach (string name in names)
            {
                made.TypeNames.Add(name);
            }
            foreach (JsonElement entry in told.GetProperty("v").EnumerateArray())
            {
                made.Properties.Add(new PSNoteProperty(entry[0].GetString(), From(entry[1])));
            }
            return made;
        }

        private static SecureString Secret(string plain)
        {
            return new NetworkCredential("", plain).SecurePassword;
        }

        public static JsonNode ToJson(object value)
        {
            object plain = value is PSObject wrapped ? wrapped.BaseObject : value;
            switch (plain)
            {
                case null: return null;
                case string text: return JsonValue.Create(text);
                case bool flag: return JsonValue.Create(flag);
                case SwitchParameter present: return JsonValue.Create(present.ToBool());
                case Enum member:
                    return new JsonObject { ["$"] = "enum", ["type"] = plain.GetType().FullName, ["number"] = Convert.ToInt64(member, Plain), ["text"] = member.ToString() };
                case byte or sbyte or short or ushort or int: return JsonValue.Create(Convert.ToInt32(plain, Plain));
                case uint or long or ulong: return Tagged("long", Convert.ToString(plain, Plain));
                case float or double or decimal: return Tagged("double", Convert.ToDouble(plain, Plain).ToString("R", Plain));
                case DateTime moment:
                    return new JsonObject { ["$"] = "datetime", ["v"] = (moment.Ticks / 10).ToString(Plain), ["kind"] = moment.Kind.ToString().ToLowerInvariant() };
                case TimeSpan span: return Tagged("timespan", (span.Ticks / 10).ToString(Plain));
                case Guid id: return Tagged("guid", id.ToString());
                case Uri uri: return Tagged("uri", uri.OriginalString);
                case Version version: return Tagged("version", version.ToString());
                case IPAddress address: return Tagged("ip", address.ToString());
                case byte[] bytes: return Tagged("bytes", Convert.ToBase64String(bytes));
                case SecureString secret: return Tagged("secret", new NetworkCredential("", secret).Password);
                case PSCredential credential:
                    return new JsonObject { ["$"] = "credential", ["user"] = credential.UserName, ["v"] = credential.GetNetworkCredential().Password };
                case Converted converted: return new JsonObject { ["$"] = "converted", ["handle"] = converted.Handle };
                case IDictionary table:
                    return Pairs("table", table.Keys.Cast<object>().Select(key => new JsonArray(ToJson(key), ToJson(table[key]))));
            }
            if (Objects.IsLive(plain, out int handle))
            {
                return new JsonObject { ["$"] = "object", ["handle"] = handle };
            }
            if (plain is IEnumerable items)
            {
                return new JsonArray(items.Cast<object>().Select(ToJson).ToArray());
            }
            return Deserialized(PSObject.AsPSObject(value));
        }

        private static JsonNode Deserialized(PSObject value)
        {
            var properties = value.Properties.Where(one => one.IsGettable).Select(one => new JsonArray(one.Name, ToJson(one.Value)));
            JsonObject told = Pairs("custom", properties);
            told["types"] = new JsonArray(value.TypeNames.Select(one => (JsonNode)one).ToArray());
            told["text"] = value.ToString();
            return told;
        }

        private static JsonObject Pairs(string kind, IEnumerable<JsonArray> pairs)
        {
            return new JsonObject { ["$"] = kind, ["v"] = new JsonArray(pairs.ToArray<JsonNode>()) };
        }

        private static JsonObject Tagged(string kind, string written)
        {
            return new JsonObject { ["$"] = kind, ["v"] = written };
        }
    }
}

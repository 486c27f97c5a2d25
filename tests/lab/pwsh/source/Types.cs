// Classes, enumerations and exceptions of the products, made at run time from what the world tells of them.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Reflection.Emit;
using System.Text.Json;

namespace Lab
{
    public static class Types
    {
        private static readonly ConcurrentDictionary<string, Type> Made = new ConcurrentDictionary<string, Type>();
        private static readonly Dictionary<string, Type> Simple = new Dictionary<string, Type>
        {
            ["string"] = typeof(string),
            ["int"] = typeof(int),
            ["bool"] = typeof(bool),
            ["double"] = typeof(double),
            ["datetime"] = typeof(DateTime),
            ["timespan"] = typeof(TimeSpan),
            ["guid"] = typeof(Guid),
            ["uri"] = typeof(Uri),
            ["version"] = typeof(Version),
            ["bytes"] = typeof(byte[]),
            ["void"] = typeof(void),
            ["object"] = typeof(object),
        };

        // The class of an object: its chain of names, and its members if it has any.
        public static Type Object(JsonElement told)
        {
            string[] names = told.GetProperty("types").EnumerateArray().Select(one => one.GetString()).ToArray();
            string members = "";
            if (told.TryGetProperty("properties", out JsonElement properties))
            {
                members = properties.GetRawText() + told.GetProperty("methods").GetRawText();
            }
            return Made.GetOrAdd(string.Join(" ", names) + members, _ => Define(names, told, members != ""));
        }

        public static Type Enumeration(JsonElement told)
        {
            string name = told.GetProperty("name").GetString();
            Type compiled = Compiled(name);
            return compiled ?? Made.GetOrAdd("enum " + name, _ =>
            {
                EnumBuilder builder = Module().DefineEnum(name, TypeAttributes.Public, typeof(int));
                if (told.GetProperty("flags").GetBoolean())
                {
                    builder.SetCustomAttribute(new CustomAttributeBuilder(typeof(FlagsAttribute).GetConstructor(Type.EmptyTypes), new object[0]));
                }
                foreach (JsonProperty member in told.GetProperty("members").EnumerateObject())
                {
                    builder.DefineLiteral(member.Name, member.Value.GetInt32());
                }
                return builder.CreateType();
            });
        }

        public static Exception Exception(string name, string message)
        {
            Type type = Compiled(name);
            if (type == null || !typeof(Exception).IsAssignableFrom(type) || type.GetConstructor(new[] { typeof(string) }) == null)
            {
                type = Made.GetOrAdd("exception " + name, _ => DefineException(name));
            }
            return (Exception)Activator.CreateInstance(type, message);
        }

        private static Type Compiled(string name)
        {
            return AppDomain.CurrentDomain.GetAssemblies().Where(one => !one.IsDynamic).Select(one => one.GetType(name)).FirstOrDefault(one => one != null);
        }

        // A new assembly each, found again by its name: objects of one type that differ in their members have classes of one name.
        private static ModuleBuilder Module()
        {
            string name = "Products-" + Guid.NewGuid().ToString("N");
            return AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(name), AssemblyBuilderAccess.Run).DefineDynamicModule(name);
        }

        private static Type Define(string[] names, JsonElement told, bool withMembers)
        {
            Type parent = names.Length <= 2 ? typeof(object) : Base(names.Skip(1).ToArray());
            TypeBuilder builder = Module().DefineType(Legal(names[0]), TypeAttributes.Public | TypeAttributes.Class, parent);
            MethodBuilder text = builder.DefineMethod("ToString", MethodAttributes.Public | MethodAttributes.Virtual | MethodAttributes.HideBySig, typeof(string), Type.EmptyTypes);
            Emit(text.GetILGenerator(), typeof(Objects).GetMethod("TextOf"));
            if (withMembers)
            {
                foreach (JsonElement property in told.GetProperty("properties").EnumerateArray())
                {
                    Property(builder, property[0].GetString(), From(property[1]), property[2].GetBoolean());
                }
                Methods(builder, told.GetProperty("methods"));
            }
            return builder.CreateType();
        }

        private static Type Base(string[] names)
        {
            return Made.GetOrAdd(string.Join(" ", names), _ => Define(names, default, false));
        }

        // Names that only PowerShell can give (with a # or a comma) lose what no class may have.
        private static string Legal(string name)
        {
            return new string(name.Where(one => char.IsLetterOrDigit(one) || "._`".Contains(one)).ToArray());
        }

        private static Type From(JsonElement told)
        {
            if (told.ValueKind == JsonValueKind.Object)
            {
                return Enumeration(told);
            }
            string name = told.GetString();
            Type type = Simple[name.TrimEnd('?')];
            return name.EndsWith('?') && type.IsValueType ? typeof(Nullable<>).MakeGenericType(type) : type;
        }

        private static void Property(TypeBuilder builder, string name, Type type, bool settable)
        {
            const MethodAttributes Accessor = MethodAttributes.Public | MethodAttributes.SpecialName | MethodAttributes.HideBySig;
            PropertyBuilder property = builder.DefineProperty(name, PropertyAttributes.None, type, null);
            MethodBuilder getter = builder.DefineMethod("get_" + name, Accessor, type, Type.EmptyTypes);
            Emit(getter.GetILGenerator(), typeof(Objects).GetMethod("Get").MakeGenericMethod(type), name);
            property.SetGetMethod(getter);
            if (settable)
            {
                MethodBuilder setter = builder.DefineMethod("set_" + name, Accessor, typeof(void), new[] { type });
                ILGenerator code = setter.GetILGenerator();
                code.Emit(OpCodes.Ldarg_0);
                code.Emit(OpCodes.Ldstr, name);
                code.Emit(OpCodes.Ldarg_1);
                code.Emit(OpCodes.Box, type);
                code.Emit(OpCodes.Call, typeof(Objects).GetMethod("Set"));
                code.Emit(OpCodes.Ret);
                property.SetSetMethod(setter);
            }
        }

        private static void Methods(TypeBuilder builder, JsonElement methods)
        {
            var overloads = new Dictionary<string, int>();
            foreach (JsonElement told in methods.EnumerateArray())
            {
                string name = told[0].GetString();
                int index = overloads.GetValueOrDefault(name);
                overloads[name] = index + 1;
                Type[] arguments = told[1].EnumerateArray().Select(From).ToArray();
                Type returned = From(told[2]);
                MethodBuilder method = builder.DefineMethod(name, MethodAttributes.Public | MethodAttributes.HideBySig, returned, arguments);
                ILGenerator code = method.GetILGenerator();
                code.Emit(OpCodes.Ldarg_0);
                code.Emit(OpCodes.Ldstr, name);
                code.Emit(OpCodes.Ldc_I4, index);
                code.Emit(OpCodes.Ldc_I4, arguments.Length);
                code.Emit(OpCodes.Newarr, typeof(object));
                for (int argument = 0; argument < arguments.Length; argument++)
                {
                    code.Emit(OpCodes.Dup);
                    code.Emit(OpCodes.Ldc_I4, argument);
                    code.Emit(OpCodes.Ldarg, argument + 1);
                    code.Emit(OpCodes.Box, arguments[argument]);
                    code.Emit(OpCodes.Stelem_Ref);
                }
                Type answer = returned == typeof(void) ? typeof(object) : returned;
                code.Emit(OpCodes.Call, typeof(Objects).GetMethod("Call").MakeGenericMethod(answer));
                if (returned == typeof(void))
                {
                    code.Emit(OpCodes.Pop);
                }
                code.Emit(OpCodes.Ret);
            }
        }

        private static void Emit(ILGenerator code, MethodInfo method, string name = null)
        {
            code.Emit(OpCodes.Ldarg_0);
            if (name != null)
            {
                code.Emit(OpCodes.Ldstr, name);
            }
            code.Emit(OpCodes.Call, method);
            code.Emit(OpCodes.Ret);
        }

        private static Type DefineException(string name)
        {
            TypeBuilder builder = Module().DefineType(name, TypeAttributes.Public | TypeAttributes.Class, typeof(Exception));
            ConstructorBuilder constructor = builder.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, new[] { typeof(string) });
            ILGenerator code = constructor.GetILGenerator();
            code.Emit(OpCodes.Ldarg_0);
            code.Emit(OpCodes.Ldarg_1);
            code.Emit(OpCodes.Call, typeof(Exception).GetConstructor(new[] { typeof(string) }));
            code.Emit(OpCodes.Ret);
            return builder.CreateType();
        }
    }
}

using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Countinghouse.Support;

/// <summary>A member of one slice that refers to another slice.</summary>
public sealed record Arrow(string From, string To, string Member)
{
    public override string ToString() => $"{From} -> {To}: {Member}";
}

/// <summary>
/// Which slice refers to which, read out of a compiled assembly: signatures, base types, constraints, attributes and
/// every token in every method body. What the compiler makes of lambdas, iterators and async methods are nested types,
/// which count for the slice of the type around them. Text would not do: a prefix can be left out.
/// </summary>
public sealed class AssemblyMap : IDisposable
{
    private const string RootNamespace = "Countinghouse.";

    private static readonly FrozenDictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields()
        .Where(field => field.FieldType == typeof(OpCode))
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToFrozenDictionary(code => code.Value);

    private readonly PEReader _file;
    private readonly MetadataReader _metadata;

    public AssemblyMap(string path)
    {
        _file = new PEReader(File.OpenRead(path));
        _metadata = _file.GetMetadataReader();
    }

    /// <summary>Every reference from one slice to another.</summary>
    public IReadOnlyList<Arrow> Arrows() =>
    [
        .. _metadata.TypeDefinitions
            .Where(type => SliceOf(type) is not null)
            .SelectMany(type => References(type))
            .Distinct()
            .OrderBy(arrow => arrow.ToString(), StringComparer.Ordinal),
    ];

    /// <summary>All slices that have code.</summary>
    public IReadOnlySet<string> Slices() =>
        _metadata.TypeDefinitions.Select(SliceOf).OfType<string>().ToHashSet();

    /// <summary>The assembly's interfaces and how many of its types implement each.</summary>
    public IReadOnlyDictionary<string, int> Interfaces()
    {
        var counts = _metadata.TypeDefinitions
            .Where(type => SliceOf(type) is not null)
            .Select(_metadata.GetTypeDefinition)
            .Where(type => type.Attributes.HasFlag(System.Reflection.TypeAttributes.Interface))
            .ToDictionary(type => _metadata.GetString(type.Name), _ => 0);
        foreach (var type in _metadata.TypeDefinitions.Select(_metadata.GetTypeDefinition))
        {
            if (type.Attributes.HasFlag(System.Reflection.TypeAttributes.Interface))
            {
                continue;
            }

            var found = new Collector(_metadata);
            foreach (var implemented in type.GetInterfaceImplementations())
            {
                found.Type(_metadata.GetInterfaceImplementation(implemented).Interface);
            }

            foreach (var name in found.Types.Select(t => _metadata.GetString(_metadata.GetTypeDefinition(t).Name)))
            {
                counts[name] = counts.GetValueOrDefault(name) + 1;
            }
        }

        return counts.Where(count => count.Key.Length > 1 && count.Key[0] == 'I' && char.IsUpper(count.Key[1]))
            .ToDictionary();
    }

    public void Dispose() => _file.Dispose();

    /// <summary>
    /// The slice of a type; null for what source generators put elsewhere. Program is a slice of its own.
    /// </summary>
    private string? SliceOf(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        while (type.IsNested)
        {
            type = _metadata.GetTypeDefinition(type.GetDeclaringType());
        }

        var space = _metadata.GetString(type.Namespace);
        if (space.StartsWith(RootNamespace, StringComparison.Ordinal))
        {
            return space[RootNamespace.Length..].Split('.')[0];
        }

        return space.Length == 0 && _metadata.StringComparer.Equals(type.Name, "Program") ? "Program" : null;
    }

    private IEnumerable<Arrow> References(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        var own = new Collector(_metadata);
        own.Type(type.BaseType);
        own.Constraints(type.GetGenericParameters());
        own.Attributes(type.GetCustomAttributes());
        foreach (var implemented in type.GetInterfaceImplementations())
        {
            own.Type(_metadata.GetInterfaceImplementation(implemented).Interface);
        }

        foreach (var field in type.GetFields().Select(_metadata.GetFieldDefinition))
        {
            field.DecodeSignature(own, null);
            own.Attributes(field.GetCustomAttributes());
        }

        foreach (var property in type.GetProperties().Select(_metadata.GetPropertyDefinition))
        {
            own.Attributes(property.GetCustomAttributes());
        }

        var arrows = ArrowsTo(handle, own, "");
        foreach (var method in type.GetMethods().Select(_metadata.GetMethodDefinition))
        {
            var found = new Collector(_metadata);
            method.DecodeSignature(found, null);
            found.Constraints(method.GetGenericParameters());
            found.Attributes(method.GetCustomAttributes());
            if (method.RelativeVirtualAddress != 0)
            {
                Body(_file.GetMethodBody(method.RelativeVirtualAddress), found);
            }

            arrows = arrows.Concat(ArrowsTo(handle, found, "." + _metadata.GetString(method.Name)));
        }

        return arrows;
    }

    private IEnumerable<Arrow> ArrowsTo(TypeDefinitionHandle from, Collector found, string member)
    {
        var slice = SliceOf(from)!;
        return found.Types
            .Select(type => (Slice: SliceOf(type), Name: NameOf(type)))
            .Where(to => to.Slice is not null && to.Slice != slice)
            .Select(to => new Arrow(slice, to.Slice!, $"{NameOf(from)}{member} uses {to.Name}"));
    }

    private string NameOf(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        var name = _metadata.GetString(type.Name);
        return type.IsNested ? NameOf(type.GetDeclaringType()) + "+" + name : name;
    }

    private void Body(MethodBodyBlock body, Collector found)
    {
        if (!body.LocalSignature.IsNil)
        {
            _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(found, null);
        }

        foreach (var region in body.ExceptionRegions)
        {
            found.Type(region.CatchType);
        }

        var code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            short value = code.ReadByte();
            if (value == 0xFE)
            {
                value = unchecked((short)(0xFE00 | code.ReadByte()));
            }

            Operand(OpCodesByValue[value].OperandType, ref code, found);
        }
    }

    private static void Operand(OperandType type, ref BlobReader code, Collector found)
    {
        switch (type)
        {
            case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                found.Any(MetadataTokens.EntityHandle(code.ReadInt32()));
                break;
            case OperandType.InlineSwitch:
                var targets = code.ReadInt32();
                code.Offset += sizeof(int) * targets;
                break;
            case OperandType.InlineNone:
                break;
            case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                code.Offset += 1;
                break;
            case OperandType.InlineVar:
                code.Offset += 2;
                break;
            case OperandType.InlineI8 or OperandType.InlineR:
                code.Offset += 8;
                break;
            default:
                code.Offset += 4;
                break;
        }
    }

    /// <summary>Gathers the assembly's own types that handles and signatures lead to.</summary>
    private sealed class Collector(MetadataReader metadata) : ISignatureTypeProvider<int, object?>
    {
        public HashSet<TypeDefinitionHandle> Types { get; } = [];

        public void Type(EntityHandle handle)
        {
            if (!handle.IsNil)
            {
                Any(handle);
            }
        }

        public void Any(EntityHandle handle)
        {
            switch (handle.Kind)
            {
                case HandleKind.TypeDefinition:
                    Types.Add((TypeDefinitionHandle)handle);
                    break;
                case HandleKind.TypeSpecification:
                    metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null);
                    break;
                case HandleKind.MethodDefinition:
                    Types.Add(metadata.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.FieldDefinition:
                    Types.Add(metadata.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.MethodSpecification:
                    var specific = metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                    specific.DecodeSignature(this, null);
                    Any(specific.Method);
                    break;
                case HandleKind.MemberReference:
                    Any(metadata.GetMemberReference((MemberReferenceHandle)handle).Parent);
                    break;
            }
        }

        public void Constraints(GenericParameterHandleCollection parameters)
        {
            foreach (var constraint in parameters.SelectMany(p => metadata.GetGenericParameter(p).GetConstraints()))
            {
                Type(metadata.GetGenericParameterConstraint(constraint).Type);
            }
        }

        public void Attributes(CustomAttributeHandleCollection attributes)
        {
            foreach (var attribute in attributes)
            {
                Any(metadata.GetCustomAttribute(attribute).Constructor);
            }
        }

        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            Types.Add(handle);
            return 0;
        }

        public int GetTypeFromSpecification(
            MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind)
        {
            Any(handle);
            return 0;
        }

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => 0;

        public int GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

        public int GetGenericInstantiation(int genericType, ImmutableArray<int> typeArguments) => 0;

        public int GetArrayType(int elementType, ArrayShape shape) => 0;

        public int GetByReferenceType(int elementType) => 0;

        public int GetPointerType(int elementType) => 0;

        public int GetSZArrayType(int elementType) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericMethodParameter(object? genericContext, int index) => 0;

        public int GetGenericTypeParameter(object? genericContext, int index) => 0;

        public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;

        public int GetPinnedType(int elementType) => 0;
    }
}

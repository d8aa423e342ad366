using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Countinghouse.Copies;

/// <summary>
/// The rows of a table in any order: their number, and the sum of their SHA-256. Engines sort text differently, so an
/// order would have to be made; a sum needs none, and no memory. It finds every mistake; it is not meant to withstand
/// somebody who chooses rows to deceive it.
/// </summary>
internal sealed class TableHash
{
    private readonly ArrayBufferWriter<byte> _row = new();
    private readonly ulong[] _sum = new ulong[4];

    public long Rows { get; private set; }

    public void Add(ReadOnlySpan<Cell> row, IReadOnlyList<CopiedColumn> columns)
    {
        _row.ResetWrittenCount();
        for (var column = 0; column < row.Length; column++)
        {
            Add(row[column], columns[column].Kind);
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_row.WrittenSpan, hash);
        for (var part = 0; part < _sum.Length; part++)
        {
            unchecked
            {
                _sum[part] += BinaryPrimitives.ReadUInt64LittleEndian(hash[(part * sizeof(ulong))..]);
            }
        }

        Rows++;
    }

    public bool Equals(TableHash other) => Rows == other.Rows && _sum.AsSpan().SequenceEqual(other._sum);

    /// <summary>A value says how long it is, so that no two rows can be the same bytes.</summary>
    private void Add(in Cell cell, ColumnKind kind)
    {
        if (cell.IsNull)
        {
            _row.Write([(byte)0]);
            return;
        }

        switch (kind)
        {
            case ColumnKind.Uuid:
                Span<byte> id = stackalloc byte[16];
                cell.Id.TryWriteBytes(id);
                Add(id);
                break;
            case ColumnKind.Long or ColumnKind.Int or ColumnKind.Bool:
                Span<byte> number = stackalloc byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(number, cell.Number);
                Add(number);
                break;
            case ColumnKind.Text:
                Add(Encoding.UTF8.GetBytes(cell.Text!));
                break;
            case ColumnKind.Bytes:
                Add(cell.Bytes!);
                break;
        }
    }

    private void Add(ReadOnlySpan<byte> value)
    {
        Span<byte> head = stackalloc byte[5];
        head[0] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], value.Length);
        _row.Write(head);
        _row.Write(value);
    }
}

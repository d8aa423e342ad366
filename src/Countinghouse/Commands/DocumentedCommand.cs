using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Countinghouse.Commands;

/// <summary>A command whose help ends with examples: they are what most readers of a help text look for.</summary>
internal sealed class DocumentedCommand : Command
{
    public DocumentedCommand(string name, string description, string examples)
        : base(name, description)
    {
        Examples = examples;
        Options.Add(new HelpOption { Action = new HelpWithExamples(this) });
    }

    public string Examples { get; }

    /// <summary>The library's own help, then the examples.</summary>
    private sealed class HelpWithExamples(DocumentedCommand command) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var result = new HelpAction().Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var line in command.Examples.Split('\n'))
            {
                output.WriteLine($"  {line}");
            }

            return result;
        }
    }
}

using Countinghouse.ProbeTarget;

// What the checker of the dependency map is tried on: one reference of each kind, from one slice to another.
namespace Countinghouse.ProbeSource
{
    public static class InBody
    {
        public static string Call() => Target.Name();
    }

    public static class InLambda
    {
        public static Func<string> Make(string prefix) => () => prefix + Target.Name();
    }

    public static class InAsync
    {
        public static async Task<string> Wait()
        {
            await Task.Yield();
            return Target.Name();
        }
    }

    public static class InGenericArgument
    {
        public static int Count() => new List<Target>().Count;
    }

    public static class InMethodArgument
    {
        public static Target[] Make() => Array.Empty<Target>();
    }

    public static class InTypeOf
    {
        public static Type Name() => typeof(Target);
    }

    public static class InSignature
    {
        public static int Take(Dictionary<string, Target[]> targets) => targets.Count;
    }

    public static class InCatch
    {
        public static bool Try(Action action)
        {
            try
            {
                action();
                return true;
            }
            catch (TargetException)
            {
                return false;
            }
        }
    }

    public sealed class InConstraint<T>
        where T : Target;

    public static class Nowhere
    {
        public static string Call() => nameof(Target);
    }
}

namespace Countinghouse.ProbeTarget
{
    public class Target
    {
        public static string Name() => "target";
    }

    public sealed class TargetException : Exception;
}

using System.Diagnostics;

namespace Countinghouse.Storage;

/// <summary>
/// Named points at which a test lets the program die, and switches that break it on purpose, so that every checker can
/// be shown to fail. Only a build with -p:Faults=true has them: elsewhere the compiler leaves each call out, with its
/// arguments (a test holds that). How they are driven stands in Faults.Live.cs.
/// </summary>
public static partial class Faults
{
    /// <summary>Counts the pass, and ends the process here (SIGKILL) when the test has asked for it.</summary>
    [Conditional("FAULTS")]
    public static void Hit(string point) => OnHit(point);

    /// <summary>Puts the broken value in the place of the right one, in the build that is broken so.</summary>
    [Conditional("FAULTS")]
    public static void Break<T>(string sabotage, ref T value, T broken)
    {
        var isBroken = false;
        IsBroken(sabotage, ref isBroken);
        value = isBroken ? broken : value;
    }

    /// <summary>Does what is wrong, in the build that is broken so.</summary>
    [Conditional("FAULTS")]
    public static void Do(string sabotage, Action wrong)
    {
        var isBroken = false;
        IsBroken(sabotage, ref isBroken);
        if (isBroken)
        {
            wrong();
        }
    }

    /// <summary>Keeps what is wrong for <see cref="RunLate"/>, in the build that is broken so.</summary>
    [Conditional("FAULTS")]
    public static void Late(string sabotage, Action wrong) => Do(sabotage, () => OnLate(wrong));

    /// <summary>Does what was kept.</summary>
    [Conditional("FAULTS")]
    public static void RunLate() => OnRunLate();

    /// <summary>Lets the test move the clock.</summary>
    [Conditional("FAULTS")]
    public static void Move(ref TimeProvider clock) => OnMove(ref clock);

    static partial void OnHit(string point);

    static partial void IsBroken(string sabotage, ref bool isBroken);

    static partial void OnLate(Action wrong);

    static partial void OnRunLate();

    static partial void OnMove(ref TimeProvider clock);
}

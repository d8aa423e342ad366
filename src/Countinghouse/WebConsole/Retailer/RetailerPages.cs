namespace Countinghouse.WebConsole.Retailer;

/// <summary>What a retailer earns, how it is paid, and what it sells where.</summary>
public static class RetailerPages
{
    public static IEndpointRouteBuilder MapRetailer(this IEndpointRouteBuilder console)
    {
        console.MapEarnings();
        console.MapPayouts();
        console.MapPayoutAccount();
        console.MapLocations();
        console.MapOffers();
        return console;
    }
}

package io.ashlar.tier;

/**
 * How much the campaigns do, and what they say of it. {@code -Dtest.scale} multiplies the size of
 * every one of them, 1 unless set; each has a property of its own besides, which wins.
 */
public final class Campaign {

  private static final double SCALE = Double.parseDouble(System.getProperty("test.scale", "1"));

  private Campaign() {}

  /** Returns the size of a campaign: what {@code property} says, else the scaled default. */
  public static int count(String property, int unscaled) {
    return Integer.getInteger(property, (int) Math.max(1, Math.round(unscaled * SCALE)));
  }

  /** Returns a stride: a campaign of twice the scale leaves out half as much. */
  public static int stride(String property, int unscaled) {
    return Integer.getInteger(property, (int) Math.max(1, Math.round(unscaled / SCALE)));
  }

  /** Says what a campaign did, in the form that {@code scripts/soak} collects. */
  public static void report(String campaign, long count, long violations, long seed) {
    System.out.printf("campaign: %s,%d,%d,%d%n", campaign, count, violations, seed);
  }
}

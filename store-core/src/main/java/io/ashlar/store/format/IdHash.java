package io.ashlar.store.format;

/**
 * Maps ids to 32 well-mixed bits, whatever pattern the ids follow. Index checkpoints are in the
 * order of these bits, so they are part of the format ({@link IndexCheckpointFormat}).
 *
 * <p>Each half goes through the finalizer of SplitMix64 (Steele, Lea and Flood, <i>Fast splittable
 * pseudorandom number generators</i>, OOPSLA 2014; Stafford's variant 13), chained, from a seed
 * that the store draws at random: ids chosen to collide in one store do not collide in another.
 */
public final class IdHash {
  private IdHash() {}

  /** Returns the hash of an id; a store's seed is its id. */
  public static int hash(long seed, long idHigh, long idLow) {
    long mixed = mix(mix(idHigh ^ seed) + 0x9e3779b97f4a7c15L + Long.rotateLeft(idLow, 32));
    return (int) (mixed >>> 32);
  }

  private static long mix(long bits) {
    bits = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
    bits = (bits ^ (bits >>> 27)) * 0x94d049bb133111ebL;
    return bits ^ (bits >>> 31);
  }
}

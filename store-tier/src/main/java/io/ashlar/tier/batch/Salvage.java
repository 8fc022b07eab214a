package io.ashlar.tier.batch;

/**
 * What was read from a damaged batch of version 3. Every entry in it is whole: each frame's
 * checksum was right.
 *
 * @param batch the entries, in their order; may be none.
 * @param entriesExpected how many the header, or else the footer, counts; −1 when both are damaged.
 * @param entriesFound how many there are.
 * @param framesLost frames that were seen and could not be used.
 */
public record Salvage(Batch batch, long entriesExpected, long entriesFound, long framesLost) {
  /** Whether nothing is missing: what was damaged was not needed to read the entries. */
  public boolean isComplete() {
    return entriesFound == entriesExpected;
  }
}

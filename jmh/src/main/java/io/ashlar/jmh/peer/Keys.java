package io.ashlar.jmh.peer;

import io.ashlar.store.BlobId;

/**
 * The ids of a measurement: small integers, spread over 128 bits so that no store gains from their
 * order. Made once, so that no store is charged for making them; or on demand, where a million of
 * them would weigh more than what is measured.
 *
 * <p>Immutable; safe from any thread.
 */
public final class Keys {

  private final int count;
  private final BlobId[] blobIds; // empty when made on demand
  private final byte[][] bytes; // likewise

  /** Makes the ids 0 to {@code count} − 1. */
  public Keys(int count) {
    this(count, count);
  }

  private Keys(int count, int made) {
    this.count = count;
    blobIds = new BlobId[made];
    bytes = new byte[made][];
    for (int i = 0; i < made; i++) {
      blobIds[i] = make(i);
      bytes[i] = blobIds[i].toBytes();
    }
  }

  /** Returns the same ids, each made when it is asked for. */
  public static Keys onDemand(int count) {
    return new Keys(count, 0);
  }

  /** Returns how many ids there are. */
  public int count() {
    return count;
  }

  /** Returns an id as Ashlar takes it. */
  public BlobId blobId(int id) {
    return blobIds.length == 0 ? make(id) : blobIds[id];
  }

  /** Returns an id as 16 bytes, which the caller must not change. */
  public byte[] bytes(int id) {
    return bytes.length == 0 ? make(id).toBytes() : bytes[id];
  }

  private static BlobId make(int id) {
    return new BlobId(mix(id), id);
  }

  /** Spreads neighbours, as the finalizer of SplitMix64 does. */
  private static long mix(long value) {
    long mixed = (value + 0x9e3779b97f4a7c15L) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}

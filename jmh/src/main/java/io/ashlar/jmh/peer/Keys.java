package io.ashlar.jmh.peer;

import io.ashlar.store.BlobId;

/**
 * The ids of a measurement: small integers, spread over 128 bits so that no store gains from their
 * order. Made once, so that no store is charged for making them.
 *
 * <p>Immutable; safe from any thread.
 */
public final class Keys {

  private final BlobId[] blobIds;
  private final byte[][] bytes;

  /** Makes the ids 0 to {@code count} − 1. */
  public Keys(int count) {
    blobIds = new BlobId[count];
    bytes = new byte[count][];
    for (int i = 0; i < count; i++) {
      blobIds[i] = new BlobId(mix(i), i);
      bytes[i] = blobIds[i].toBytes();
    }
  }

  /** Returns how many ids there are. */
  public int count() {
    return blobIds.length;
  }

  /** Returns an id as Ashlar takes it. */
  public BlobId blobId(int id) {
    return blobIds[id];
  }

  /** Returns an id as 16 bytes, which the caller must not change. */
  public byte[] bytes(int id) {
    return bytes[id];
  }

  /** Spreads neighbours, as the finalizer of SplitMix64 does. */
  private static long mix(long value) {
    long mixed = (value + 0x9e3779b97f4a7c15L) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}

package io.ashlar.tier.follow;

import io.ashlar.tier.ReadBackConfig;

/**
 * The settings of a follower. Immutable; every setting is validated once, here.
 *
 * @param checkpoint the sequence of the manifest to read, 1 or more, for good; 0 for the newest,
 *     and {@link FollowerStore#refresh} goes on to newer ones.
 * @param indexBytesMax native memory for the index of one checkpoint, 1 MiB to 1 TiB: 46 to 91
 *     bytes a blob, twice that while it is refreshed.
 * @param readBack how blobs are read.
 * @param pin whether what is read is pinned, so that no collection takes it away; needs the right
 *     to write. Without it a read may fail until the next refresh.
 */
public record FollowerConfig(
    long checkpoint, long indexBytesMax, ReadBackConfig readBack, boolean pin) {

  /** The newest checkpoint, pinned, with an index of 4 GiB at most. */
  public static final FollowerConfig DEFAULTS =
      new FollowerConfig(0, 4L << 30, ReadBackConfig.DEFAULTS, true);

  /** Validates every setting. */
  public FollowerConfig {
    if (checkpoint < 0) {
      throw new IllegalArgumentException("checkpoint must be 0 or more: " + checkpoint);
    }
    if (indexBytesMax < 1 << 20 || indexBytesMax > 1L << 40) {
      throw new IllegalArgumentException(
          "indexBytesMax must be 1048576 to 1099511627776: " + indexBytesMax);
    }
  }

  /** These settings with another {@link #checkpoint}. */
  public FollowerConfig withCheckpoint(long value) {
    return new FollowerConfig(value, indexBytesMax, readBack, pin);
  }

  /** These settings with another {@link #indexBytesMax}. */
  public FollowerConfig withIndexBytesMax(long value) {
    return new FollowerConfig(checkpoint, value, readBack, pin);
  }

  /** These settings with another {@link #readBack}. */
  public FollowerConfig withReadBack(ReadBackConfig value) {
    return new FollowerConfig(checkpoint, indexBytesMax, value, pin);
  }

  /** These settings with another {@link #pin}. */
  public FollowerConfig withPin(boolean value) {
    return new FollowerConfig(checkpoint, indexBytesMax, readBack, value);
  }
}

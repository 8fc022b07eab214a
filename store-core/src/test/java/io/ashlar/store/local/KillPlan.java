package io.ashlar.store.local;

import io.ashlar.store.BlobId;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What each epoch of the kill test does: a function of the seed and the epoch's token only, so that
 * the child that commits it and the parent that checks it agree without a word.
 *
 * <p>A token names run, thread and turn. A value begins with its token and its key, so what is
 * found in the store says who put it. The blob {@link #manifest} of a token lists its operations
 * and is put by the same epoch: where it is, everything else of the epoch must be.
 */
final class KillPlan {

  static final int THREADS = 4;
  static final int KEYS = 48;
  static final int HEADER_BYTES = 16;
  private static final long MANIFESTS = 0x4d41_4e49_4645_5354L;

  /** How an epoch is committed. */
  enum Form {
    BLOCKING,
    ASYNC,
    STREAMED
  }

  /** A put of {@code length} bytes, or a delete when that is negative. */
  record Operation(int key, int length) {}

  /** One epoch. */
  record Plan(long token, Form form, List<Operation> operations) {}

  private final long seed;

  KillPlan(long seed) {
    this.seed = seed;
  }

  static long token(int run, int thread, int turn) {
    return (long) run << 40 | (long) thread << 32 | turn;
  }

  static int run(long token) {
    return (int) (token >>> 40);
  }

  /** Returns run and thread: what is in the order of the program. */
  static long lane(long token) {
    return token >>> 32;
  }

  static BlobId id(int key) {
    return new BlobId(0, key);
  }

  static BlobId manifest(long token) {
    return new BlobId(MANIFESTS, token);
  }

  static boolean isManifest(long idHigh) {
    return idHigh == MANIFESTS;
  }

  private static long mix(long one, long other) {
    return new SplittableRandom(one * 0x9e37_79b9_7f4a_7c15L ^ other).nextLong();
  }

  /** Returns what the epoch of a token does. */
  Plan plan(long token) {
    SplittableRandom random = new SplittableRandom(mix(seed, token));
    int choice = random.nextInt(20);
    Form form = choice == 0 ? Form.STREAMED : choice < 8 ? Form.ASYNC : Form.BLOCKING;
    int count = 1 + random.nextInt(random.nextInt(8) == 0 ? 16 : 4);
    List<Operation> operations = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int key = random.nextInt(KEYS);
      int length = HEADER_BYTES + random.nextInt(random.nextInt(6) == 0 ? 60_000 : 6_000);
      if (form == Form.STREAMED && i == 0) {
        length = 1_100_000 + random.nextInt(1_000_000);
      }
      operations.add(new Operation(key, random.nextInt(4) == 0 ? -1 : length));
    }
    return new Plan(token, form, operations);
  }

  /** Returns the value that the epoch of a token puts under a key. */
  byte[] value(long token, int key, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(mix(mix(seed, token), key)).nextBytes(bytes);
    putLong(bytes, 0, token);
    putLong(bytes, 8, key);
    return bytes;
  }

  /** Returns the content of a plan's manifest. */
  static byte[] manifestOf(Plan plan) {
    byte[] bytes = new byte[8 + 16 * plan.operations().size()];
    putLong(bytes, 0, plan.token());
    for (int i = 0; i < plan.operations().size(); i++) {
      putLong(bytes, 8 + 16 * i, plan.operations().get(i).key());
      putLong(bytes, 16 + 16 * i, plan.operations().get(i).length());
    }
    return bytes;
  }

  static void putLong(byte[] bytes, int offset, long value) {
    for (int i = 0; i < 8; i++) {
      bytes[offset + i] = (byte) (value >>> (8 * i));
    }
  }

  static long getLong(byte[] bytes, int offset) {
    long value = 0;
    for (int i = 0; i < 8; i++) {
      value |= (bytes[offset + i] & 0xffL) << (8 * i);
    }
    return value;
  }
}

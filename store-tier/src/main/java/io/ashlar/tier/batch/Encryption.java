package io.ashlar.tier.batch;

import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeys;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a batch is encrypted: not at all, or with a key, of which this says the id and the
 * {@linkplain FrameKey check}. It holds no secret. Thread: any; immutable.
 *
 * @param keyId the key's id; 0 without a key.
 * @param keyCheck four bytes that distinguish the key from another of the same id; 0 without a key.
 */
public record Encryption(State state, int keyId, int keyCheck) {

  /** Whether there is a key. */
  public enum State {
    /** It is not known: an earlier release did not write it down. */
    UNKNOWN,
    /** Not encrypted. */
    NONE,
    /** Encrypted with a key. */
    KEYED
  }

  /** Of what an earlier release wrote. */
  public static final Encryption UNKNOWN = new Encryption(State.UNKNOWN, 0, 0);

  /** No encryption. */
  public static final Encryption NONE = new Encryption(State.NONE, 0, 0);

  /** Bytes at an object's start that show how it is encrypted. */
  public static final int START_BYTES = FramedBatchFormat.ENCRYPTION_BYTES;

  private static final String NONE_TEXT = "none";
  private static final Pattern KEYED_TEXT = Pattern.compile("([0-9]{1,10}):([0-9a-f]{8})");

  /** With the current one of these keys; with none if they are null. */
  public static Encryption with(@Nullable FrameKeys keys) {
    return keys == null ? NONE : with(keys.current());
  }

  /** With a key. */
  public static Encryption with(FrameKey key) {
    return new Encryption(State.KEYED, key.id(), key.check());
  }

  /**
   * How a batch is encrypted, by its first bytes.
   *
   * @param start the batch's first {@link #START_BYTES} bytes, or all of it if it has fewer.
   * @throws BatchFormatException if it is of version 3 and damaged there.
   */
  public static Encryption of(MemorySegment start) {
    return FramedBatchFormat.isFramed(start) ? FramedBatchFormat.encryption(start) : NONE;
  }

  /** As text, which {@link #parse} reads: {@code none}, or {@code id:check}. */
  public String text() {
    return switch (state) {
      case UNKNOWN -> throw new IllegalStateException("unknown has no text");
      case NONE -> NONE_TEXT;
      case KEYED -> Integer.toUnsignedString(keyId) + ":" + HexFormat.of().toHexDigits(keyCheck);
    };
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws IllegalArgumentException if it is something else.
   */
  public static Encryption parse(String text) {
    if (text.equals(NONE_TEXT)) {
      return NONE;
    }
    Matcher matcher = KEYED_TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("encryption is neither none nor a key's id and check");
    }
    return new Encryption(
        State.KEYED,
        Integer.parseUnsignedInt(matcher.group(1)),
        HexFormat.fromHexDigits(matcher.group(2)));
  }

  /** Whether this is encrypted with exactly this key. */
  public boolean isWith(FrameKey key) {
    return state == State.KEYED && keyId == key.id() && keyCheck == key.check();
  }
}

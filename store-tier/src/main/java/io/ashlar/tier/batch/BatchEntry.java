package io.ashlar.tier.batch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * One entry of a batch. Both segments are read-only views of the batch's memory and live as long as
 * it does.
 *
 * @param key the key's bytes, which need not be text; may be empty, and need not be unique.
 * @param data the data; may be empty.
 */
public record BatchEntry(MemorySegment key, MemorySegment data) {
  /**
   * The key as text. Strict: two keys that differ never give the same text.
   *
   * @throws BatchFormatException if it is not UTF-8 ({@link BatchFormatException.Check#KEY_TEXT}).
   */
  public String keyText() {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(key.toArray(ValueLayout.JAVA_BYTE)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new BatchFormatException(
          BatchFormatException.Check.KEY_TEXT,
          "batch key is not UTF-8 text; read its bytes instead: keyBytes=" + key.byteSize());
    }
  }
}

package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchFormatException.Check.CHECKSUM;

import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeys;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.UUID;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import org.jspecify.annotations.Nullable;

/**
 * Seals and opens the pieces of one batch with AES-GCM, as {@link FramedBatchFormat} says. Each is
 * bound to its batch and its place by the additional data, so that none can be exchanged for
 * another.
 *
 * <p>Thread: any; a cipher is made for each piece.
 */
final class FrameCipher {
  /** Bytes that a sealed piece has beyond what was sealed: key id, key check, nonce, tag. */
  static final int OVERHEAD_BYTES = 36;

  private static final int CHECK_OFFSET = 4;
  private static final int NONCE_OFFSET = 8;
  private static final int NONCE_BYTES = 12;
  private static final int TEXT_OFFSET = NONCE_OFFSET + NONCE_BYTES;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final @Nullable FrameKeys keys;
  private final UUID batch;

  /**
   * Of one batch.
   *
   * @param keys null when none were given: opening then says so.
   */
  FrameCipher(@Nullable FrameKeys keys, UUID batch) {
    this.keys = keys;
    this.batch = batch;
  }

  /**
   * Seals a piece.
   *
   * @param place the piece's place in the batch; not stored by this.
   * @param target {@code text} bytes and {@link #OVERHEAD_BYTES}; may not overlap {@code text}.
   */
  void seal(FrameKey key, ByteBuffer place, byte[] text, MemorySegment target) {
    byte[] nonce = new byte[NONCE_BYTES];
    RANDOM.nextBytes(nonce);
    target.set(BatchCodec.U32, 0, key.id());
    target.set(BatchCodec.U32, CHECK_OFFSET, key.check());
    MemorySegment.copy(nonce, 0, target, ValueLayout.JAVA_BYTE, NONCE_OFFSET, NONCE_BYTES);
    try {
      Cipher cipher = key.cipher(Cipher.ENCRYPT_MODE, nonce);
      cipher.updateAAD(additional(key.id(), place));
      int written =
          cipher.doFinal(ByteBuffer.wrap(text), target.asSlice(TEXT_OFFSET).asByteBuffer());
      assert written + TEXT_OFFSET == target.byteSize();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM failed: " + key, e);
    }
  }

  /**
   * Opens a piece whose CRC was right.
   *
   * @param place as it was given to {@link #seal}.
   * @throws FrameKeyException if the key is not there, or is another than the piece was sealed
   *     with.
   * @throws BatchFormatException if the key is right and the piece is not: it was changed, or
   *     belongs elsewhere.
   */
  byte[] open(ByteBuffer place, MemorySegment sealed) {
    int id = sealed.get(BatchCodec.U32, 0);
    FrameKey key = key(id);
    if (key.check() != sealed.get(BatchCodec.U32, CHECK_OFFSET)) {
      throw new FrameKeyException(
          "batch is encrypted with another key of this id: " + key + ", batch=" + batch);
    }
    byte[] nonce = sealed.asSlice(NONCE_OFFSET, NONCE_BYTES).toArray(ValueLayout.JAVA_BYTE);
    try {
      Cipher cipher = key.cipher(Cipher.DECRYPT_MODE, nonce);
      cipher.updateAAD(additional(id, place));
      byte[] text = new byte[(int) sealed.byteSize() - OVERHEAD_BYTES];
      int length =
          cipher.doFinal(sealed.asSlice(TEXT_OFFSET).asByteBuffer(), ByteBuffer.wrap(text));
      assert length == text.length;
      return text;
    } catch (AEADBadTagException e) {
      throw new BatchFormatException(
          CHECKSUM, "batch is not authentic: " + key + " is right, its tag is not: batch=" + batch);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM failed: " + key, e);
    }
  }

  private FrameKey key(int id) {
    if (keys == null) {
      throw new FrameKeyException(
          "batch is encrypted and no keys were given: key id="
              + Integer.toUnsignedString(id)
              + ", batch="
              + batch);
    }
    FrameKey key = keys.find(id);
    if (key == null) {
      throw new FrameKeyException(
          "batch is encrypted with a key that is not known: key id="
              + Integer.toUnsignedString(id)
              + ", batch="
              + batch);
    }
    return key;
  }

  private ByteBuffer additional(int keyId, ByteBuffer place) {
    ByteBuffer bytes =
        ByteBuffer.allocate(2 * Long.BYTES + Integer.BYTES + place.remaining())
            .putLong(batch.getMostSignificantBits())
            .putLong(batch.getLeastSignificantBits())
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(keyId)
            .put(place.duplicate());
    return bytes.flip();
  }
}

package io.ashlar.tier.key;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * An AES key and the id by which frames name it. It never prints or serialises the key.
 *
 * <p>Thread: any; immutable.
 */
public final class FrameKey {
  private static final byte[] CHECK_TEXT =
      "ashlar frame key check".getBytes(StandardCharsets.UTF_8);

  private static final int TAG_BITS = 128;
  private static final String TRANSFORMATION = "AES/GCM/NoPadding";

  private final int id;
  private final SecretKey key;
  private final int check;

  private FrameKey(int id, SecretKey key, int check) {
    this.id = id;
    this.key = key;
    this.check = check;
  }

  /**
   * Makes a key.
   *
   * @param id any number that no other key has or ever had.
   * @param key 16, 24 or 32 random bytes; copied.
   * @return the key.
   * @throws IllegalArgumentException if {@code key} has another length.
   */
  public static FrameKey of(int id, byte[] key) {
    if (key.length != 16 && key.length != 24 && key.length != 32) {
      throw new IllegalArgumentException(
          "a key has 16, 24 or 32 bytes: id=" + Integer.toUnsignedString(id));
    }
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      int check = ByteBuffer.wrap(mac.doFinal(CHECK_TEXT)).getInt();
      return new FrameKey(id, new SecretKeySpec(key, "AES"), check);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  /** {@return the id by which frames name this key; unsigned} */
  public int id() {
    return id;
  }

  /**
   * Makes an AES-GCM cipher with this key and a tag of 128 bits.
   *
   * @param mode {@link Cipher#ENCRYPT_MODE} or {@link Cipher#DECRYPT_MODE}.
   * @param nonce 12 bytes; to encrypt, bytes that were never used with this key before.
   * @return a cipher for one message; for one thread.
   * @throws GeneralSecurityException if this JVM has no AES-GCM.
   */
  public Cipher cipher(int mode, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance(TRANSFORMATION);
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    return cipher;
  }

  /**
   * {@return four bytes that distinguish this key from another one of the same id} They reveal
   * nothing of the key.
   */
  public int check() {
    return check;
  }

  /** {@return the id only} */
  @Override
  public String toString() {
    return "key " + Integer.toUnsignedString(id);
  }
}

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
 * An AES key with the id under which frames name it. Never prints or serialises the key. Thread:
 * any; immutable.
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
   * A key.
   *
   * @param id any number; never one that another key has or had.
   * @param key 16, 24 or 32 random bytes; copied.
   * @throws IllegalArgumentException if the length is another.
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

  /** The id under which frames name it. */
  public int id() {
    return id;
  }

  /**
   * An AES-GCM cipher with this key and a tag of 128 bits.
   *
   * @param mode {@link Cipher#ENCRYPT_MODE} or {@link Cipher#DECRYPT_MODE}.
   * @param nonce 12 bytes, never used before with this key to encrypt.
   * @throws GeneralSecurityException if this JVM has no AES-GCM.
   */
  public Cipher cipher(int mode, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance(TRANSFORMATION);
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    return cipher;
  }

  /** Four bytes that tell this key from another of the same id, and nothing of the key. */
  public int check() {
    return check;
  }

  /** The id only. */
  @Override
  public String toString() {
    return "key " + Integer.toUnsignedString(id);
  }
}

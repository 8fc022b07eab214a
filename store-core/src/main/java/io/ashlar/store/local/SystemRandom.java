package io.ashlar.store.local;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.SecureRandom;
import java.util.function.LongSupplier;

/**
 * Random 64-bit values of the kernel, for identities.
 *
 * <p>A new store takes six of them. {@link SecureRandom} gives the same ones, but it first loads
 * the JVM's security providers, which takes a fresh JVM longer than all else that a new store needs
 * (0085). It is used where the device cannot be read.
 *
 * <p>Thread: any. Source: urandom(4).
 */
final class SystemRandom implements LongSupplier {

  private static final String DEVICE = "/dev/urandom";

  @Override
  public long getAsLong() {
    byte[] bytes;
    try (InputStream stream = new FileInputStream(DEVICE)) {
      bytes = stream.readNBytes(Long.BYTES);
    } catch (IOException | SecurityException unreadable) {
      bytes = new byte[0];
    }
    return bytes.length == Long.BYTES ? number(bytes) : new SecureRandom().nextLong();
  }

  private static long number(byte[] bytes) {
    long number = 0;
    for (byte each : bytes) {
      number = number << Byte.SIZE | Byte.toUnsignedInt(each);
    }
    return number;
  }
}

package io.ashlar.uring;

import java.lang.foreign.MemorySegment;

/** Asks the JVM for native access before anything else does, so that a refusal names its remedy. */
final class NativeAccess {
  static final String FLAG = "--enable-native-access=ALL-UNNAMED";

  private NativeAccess() {}

  /**
   * Returns when native access is granted.
   *
   * @throws IllegalCallerException naming the JVM flag when it is denied.
   */
  static void require() {
    try {
      // A restricted method, and the cheapest one: it checks the grant and does nothing else.
      MemorySegment _ = MemorySegment.NULL.reinterpret(0);
    } catch (IllegalCallerException denied) {
      throw new IllegalCallerException(
          "native access is denied: start the JVM with " + FLAG, denied);
    }
  }
}

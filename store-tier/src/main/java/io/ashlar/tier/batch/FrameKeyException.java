package io.ashlar.tier.batch;

/**
 * A batch is intact and encrypted, and its key is missing: no keys were given, none has its id, or
 * a different one has. Nothing is damaged; give the key.
 */
public final class FrameKeyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  FrameKeyException(String message) {
    super(message);
  }
}

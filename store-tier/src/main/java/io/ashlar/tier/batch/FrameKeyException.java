package io.ashlar.tier.batch;

/**
 * A batch is intact and encrypted, and its key is not at hand: no keys were given, none of its id,
 * or another under its id. Nothing is damaged; give the key.
 */
public final class FrameKeyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  FrameKeyException(String message) {
    super(message);
  }
}

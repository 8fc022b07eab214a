package io.ashlar.tier.batch;

/**
 * Bytes that are no batch, or entries that fit into none. The object is damaged, foreign, hostile
 * or of a later version: fetch it again or restore it; decoding it again will not help.
 */
public final class BatchFormatException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The check that failed; for versions 1 and 2 in the order in which they are made. */
  public enum Check {
    /** The input ends inside the header, size prefix or footer, or is too long to be decoded. */
    LENGTH,
    /** It does not begin with "LCB1", or one of version 3 does not end as it must. */
    MAGIC,
    /** A version that this reader does not know. */
    VERSION,
    /** A CRC-32C differs. */
    CHECKSUM,
    /** The header's uncompressed size and the LZ4 size prefix differ, or two of version 3's. */
    SIZE_MISMATCH,
    /** The claimed uncompressed size exceeds what the input can hold, or the configured cap. */
    SIZE_BOUND,
    /** The entry count, or version 3's frame count, exceeds what the body can hold. */
    COUNT_BOUND,
    /** Version 3: a reserved byte is not zero, or a flag is not known. */
    RESERVED,
    /** Version 3: a frame's header cannot be one, or does not fit to its neighbours. */
    FRAME,
    /** Version 3: the index is broken, or does not describe the frames. */
    INDEX,
    /** The LZ4 block is broken, or does not give exactly the claimed size. */
    COMPRESSION,
    /** An entry reaches beyond the body. */
    ENTRY_TRUNCATED,
    /** Bytes of the body are left after the last entry. */
    BODY_NOT_CONSUMED,
    /** A key was asked for as text and is not UTF-8. */
    KEY_TEXT,
    /** Encoding: a length, the count or the whole exceeds what the format or the cap can hold. */
    TOO_LARGE
  }

  private final Check check;

  BatchFormatException(Check check, String message) {
    super(message);
    this.check = check;
  }

  /** The check that failed. */
  public Check check() {
    return check;
  }
}

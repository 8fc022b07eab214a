package io.ashlar.tier.object;

/** What became of a conditional put. */
public sealed interface PutResult {
  /**
   * The object was written and is durable.
   *
   * @param etag the version that was written, for {@link ObjectStore#putIfMatch}.
   */
  record Stored(String etag) implements PutResult {}

  /**
   * The precondition did not hold and nothing was written by this request. A client that repeats a
   * request whose answer was lost can be refused by its own first attempt: who must know reads the
   * object back and compares what it wrote (a put id, say).
   */
  record Refused() implements PutResult {}

  /** Whether it was written. */
  default boolean stored() {
    return this instanceof Stored;
  }
}

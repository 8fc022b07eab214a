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
   * The precondition did not hold.
   *
   * @param maybeOwn whether an earlier attempt of this same request went unanswered before, so that
   *     what stands in the way may be what it wrote: read the object back and compare. False when
   *     the first attempt was refused; then nothing was written.
   */
  record Refused(boolean maybeOwn) implements PutResult {}

  /** Whether it was written. */
  default boolean stored() {
    return this instanceof Stored;
  }
}

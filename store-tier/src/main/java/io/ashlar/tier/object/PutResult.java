package io.ashlar.tier.object;

/** The outcome of a conditional put. */
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
   * @param maybeOwn whether an earlier attempt of the same request went unanswered. The object in
   *     the way may then be its own: read it back and compare. If false, nothing was written.
   */
  record Refused(boolean maybeOwn) implements PutResult {}

  /** {@return whether it was written} */
  default boolean stored() {
    return this instanceof Stored;
  }
}

package io.ashlar.tier.marked;

import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeys;
import org.jspecify.annotations.Nullable;

/**
 * Other keys, each call of which is marked as a request of a tier, as it may ask a key service.
 *
 * <p>Thread: any.
 */
record MarkedKeys(FrameKeys delegate, RequestMarks marks) implements FrameKeys {
  @Override
  public FrameKey current() {
    return marks.within(delegate::current);
  }

  @Override
  public @Nullable FrameKey find(int id) {
    marks.begin();
    try {
      return delegate.find(id);
    } finally {
      marks.end();
    }
  }

  /** That of the other keys. */
  @Override
  public String toString() {
    return delegate.toString();
  }
}

package io.ashlar.tier.object;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** A range of a body that can only be streamed. */
record SlicedBody(ObjectBody whole, long offset, long length) implements ObjectBody {
  SlicedBody {
    Objects.checkFromIndexSize(offset, length, whole.length());
  }

  @Override
  public InputStream newStream() throws IOException {
    InputStream stream = whole.newStream();
    try {
      stream.skipNBytes(offset);
    } catch (IOException | RuntimeException e) {
      stream.close();
      throw e;
    }
    return new BodyStream(stream, length, n -> {});
  }

  @Override
  public ObjectBody slice(long from, long count) {
    Objects.checkFromIndexSize(from, count, length);
    return new SlicedBody(whole, offset + from, count);
  }
}

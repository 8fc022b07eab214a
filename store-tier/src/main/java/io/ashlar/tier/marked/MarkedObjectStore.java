package io.ashlar.tier.marked;

import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.MultipartUpload;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.RequestCounts;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Another store, each call of which is marked as a request of a tier ({@link RequestMarks}), its
 * contents and uploads too. So what the application does there is told from what it does elsewhere.
 *
 * <p>Thread: any. Closing closes the other store.
 */
public final class MarkedObjectStore implements ObjectStore {
  private final ObjectStore delegate;
  private final RequestMarks marks;

  /** Wraps a store. */
  public MarkedObjectStore(ObjectStore delegate, RequestMarks marks) {
    this.delegate = delegate;
    this.marks = marks;
  }

  @Override
  public ObjectContent get(String key) {
    return marks.within(() -> marked(delegate.get(key)));
  }

  @Override
  public ObjectContent get(String key, long offset, long length) {
    return marks.within(() -> marked(delegate.get(key, offset, length)));
  }

  @Override
  public ObjectInfo get(String key, long offset, MemorySegment target) {
    return marks.within(() -> delegate.get(key, offset, target));
  }

  private ObjectContent marked(ObjectContent content) {
    return new ObjectContent(
        content.object(), content.length(), new MarkedStream(content.stream(), marks));
  }

  @Override
  public @Nullable ObjectInfo head(String key) {
    marks.begin();
    try {
      return delegate.head(key);
    } finally {
      marks.end();
    }
  }

  @Override
  public PutResult.Stored put(String key, ObjectBody body) {
    return marks.within(() -> delegate.put(key, body));
  }

  @Override
  public PutResult putIfAbsent(String key, ObjectBody body) {
    return marks.within(() -> delegate.putIfAbsent(key, body));
  }

  @Override
  public PutResult putIfMatch(String key, ObjectBody body, String etag) {
    return marks.within(() -> delegate.putIfMatch(key, body, etag));
  }

  @Override
  public ObjectPage list(String prefix, @Nullable String startAfter) {
    return marks.within(() -> delegate.list(prefix, startAfter));
  }

  @Override
  public DeleteResult deleteAll(Collection<String> keys) {
    return marks.within(() -> delegate.deleteAll(keys));
  }

  @Override
  public MultipartUpload startUpload(String key) {
    return marks.within(() -> new MarkedUpload(delegate.startUpload(key), marks));
  }

  @Override
  public long abortStaleUploads(long olderThanMs) {
    return marks.within(() -> delegate.abortStaleUploads(olderThanMs));
  }

  @Override
  public long singlePutBytesMax() {
    return marks.within(delegate::singlePutBytesMax);
  }

  @Override
  public RequestCounts requestCounts() {
    return marks.within(delegate::requestCounts);
  }

  @Override
  public void close() {
    marks.begin();
    try {
      delegate.close();
    } finally {
      marks.end();
    }
  }

  /** That of the other store. */
  @Override
  public String toString() {
    return delegate.toString();
  }

  private record MarkedUpload(MultipartUpload delegate, RequestMarks marks)
      implements MultipartUpload {
    @Override
    public void part(int number, ObjectBody body) {
      marks.begin();
      try {
        delegate.part(number, body);
      } finally {
        marks.end();
      }
    }

    @Override
    public PutResult.Stored complete() {
      return marks.within(delegate::complete);
    }

    @Override
    public PutResult completeIfAbsent() {
      return marks.within(delegate::completeIfAbsent);
    }

    @Override
    public @Nullable String putId() {
      return delegate.putId();
    }

    @Override
    public void close() {
      marks.begin();
      try {
        delegate.close();
      } finally {
        marks.end();
      }
    }
  }

  /** What a content reads, one request after another. */
  private static final class MarkedStream extends FilterInputStream {
    private final RequestMarks marks;

    MarkedStream(InputStream source, RequestMarks marks) {
      super(source);
      this.marks = marks;
    }

    @Override
    public int read() throws IOException {
      marks.begin();
      try {
        return super.read();
      } finally {
        marks.end();
      }
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      marks.begin();
      try {
        return super.read(target, offset, length);
      } finally {
        marks.end();
      }
    }

    @Override
    public long skip(long count) throws IOException {
      marks.begin();
      try {
        return super.skip(count);
      } finally {
        marks.end();
      }
    }

    @Override
    public int available() throws IOException {
      marks.begin();
      try {
        return super.available();
      } finally {
        marks.end();
      }
    }

    @Override
    public void close() throws IOException {
      marks.begin();
      try {
        super.close();
      } finally {
        marks.end();
      }
    }
  }
}

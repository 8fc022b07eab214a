package io.ashlar.tier;

import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeyRing;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.RequestCounts;
import java.io.FilterInputStream;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An object store, and keys, of an application that does something within a request. Closing leaves
 * the objects. Thread: any.
 */
final class CalledObjects extends FaultyObjectStore {
  private record Call(String request, Runnable inside) {}

  private static final Call NONE = new Call("none", () -> {});

  private volatile Call call = NONE;

  CalledObjects() {
    super(new InMemoryObjectStore());
    hold(this::called);
  }

  /**
   * Has something done within requests from now on.
   *
   * @param request how the request begins: "get batches", say; or "read" for a body,
   *     "requestCounts", "close", "current" or "find" for keys.
   */
  void callIn(String request, Runnable inside) {
    call = new Call(request, inside);
  }

  /** Ends that. */
  void callNoMore() {
    call = NONE;
  }

  private void called(String request) {
    Call now = call;
    if (request.startsWith(now.request())) {
      now.inside().run();
    }
  }

  /** The keys of the application. */
  FrameKeys keys() {
    FrameKeyRing ring = new FrameKeyRing(FrameKey.of(1, new byte[16]), List.of());
    return new FrameKeys() {
      @Override
      public FrameKey current() {
        called("current");
        return ring.current();
      }

      @Override
      public @Nullable FrameKey find(int id) {
        called("find");
        return ring.find(id);
      }
    };
  }

  @Override
  public ObjectContent get(String key) {
    return called(super.get(key));
  }

  @Override
  public ObjectContent get(String key, long offset, long length) {
    return called(super.get(key, offset, length));
  }

  private ObjectContent called(ObjectContent content) {
    return new ObjectContent(
        content.object(),
        content.length(),
        new FilterInputStream(content.stream()) {
          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            called("read " + content.object().key());
            return super.read(target, offset, length);
          }
        });
  }

  @Override
  public long abortStaleUploads(long olderThanMs) {
    throw new ObjectStoreException("planted, to be logged", false, null);
  }

  @Override
  public RequestCounts requestCounts() {
    called("requestCounts");
    return super.requestCounts();
  }

  @Override
  public void close() {
    called("close");
  }
}

package io.ashlar.store.local;

import io.ashlar.store.AckListener;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.spi.ReadOutcomes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.AbstractList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The kinds of callbacks that a local store makes, each with a way to be called back so. */
enum Callback {
  ACK_LISTENER(true) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground.filled().commit(listener(inside));
    }
  },
  ACK_FAILURE(true) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      try (Epoch epoch = ground.store().beginEpoch()) {
        for (int i = 0; i < 4; i++) {
          epoch.put(new BlobId(8, i), CallbackGround.HUGE);
        }
        epoch.commit(listener(inside));
      }
    }
  },
  COMMIT_STAGE(true) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      // In a listener, so that the future cannot be done before it has the stage.
      ground
          .filled()
          .commit(
              listener(() -> {
                var _ = ground.filled().commitAsync().thenRun(inside);
              }));
    }
  },
  READ_LISTENER(true) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground.store().getAsync(CallbackGround.SHORT, target(), readListener(inside));
    }
  },
  READ_LISTENER_AT_ONCE(true) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground.store().getAsync(CallbackGround.MISSING, target(), readListener(inside));
    }
  },
  READ_LISTENER_ON_A_VIRTUAL_THREAD(true) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground.store().getAsync(CallbackGround.LONG, target(), readListener(inside));
    }
  },
  READ_STAGE(true) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground
          .store()
          .getAsync(
              CallbackGround.SHORT,
              target(),
              readListener(() -> {
                var _ = ground.store().getAsync(CallbackGround.SHORT, target()).thenRun(inside);
              }));
    }
  },
  LOGGER(true) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      Logger logger = Loggers.READS;
      Handler handler =
          new Handler() {
            @Override
            public void publish(LogRecord message) {
              inside.run();
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
          };
      logger.setUseParentHandlers(false); // and not again: a log may come late
      logger.addHandler(handler);
      ground
          .store()
          .getAsync(
              CallbackGround.SHORT,
              target(),
              readListener(() -> {
                throw new IllegalStateException("planted, to be logged");
              }));
      ground.whenDone(() -> logger.removeHandler(handler));
    }
  },
  FOR_EACH(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground.store().forEach((idHigh, idLow, length, local) -> inside.run());
    }
  },
  SNAPSHOT_FOR_EACH(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      try (Snapshot snapshot = ground.store().snapshot()) {
        snapshot.forEach((idHigh, idLow, length, local) -> inside.run());
      }
    }
  },
  GET_ALL_BLOB(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground.store().getAll(List.of(CallbackGround.SHORT), visitor(inside));
    }
  },
  GET_ALL_LONG(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground.store().getAll(List.of(CallbackGround.LONG), visitor(inside));
    }
  },
  GET_ALL_MISSING(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground.store().getAll(List.of(CallbackGround.MISSING), visitor(inside));
    }
  },
  GET_ALL_IDS(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground
          .store()
          .getAll(
              new AbstractList<BlobId>() {
                @Override
                public BlobId get(int index) {
                  inside.run();
                  return CallbackGround.SHORT;
                }

                @Override
                public int size() {
                  return 3;
                }
              },
              visitor(() -> {}));
    }
  },
  VERIFY(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      var _ =
          ground
              .store()
              .verify(
                  new VerifyListener() {
                    @Override
                    public void onProgress(long blobs, long bytes) {
                      inside.run();
                    }
                  });
    }
  },
  VACUUM(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      var _ =
          ground
              .store()
              .vacuum(
                  VacuumOptions.DEFAULTS,
                  new VacuumListener() {
                    @Override
                    public void onProgress(long blobs, long bytes, long fileBytes) {
                      inside.run();
                    }
                  });
    }
  },
  PUT_CHANNEL(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      putFrom(ground, source(inside), 5_000);
    }
  },
  PUT_CHANNEL_STREAMED(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      putFrom(ground, source(inside), CallbackGround.LONG_BYTES);
    }
  },
  GET_CHANNEL(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      io(() -> ground.store().get(CallbackGround.SHORT, sink(inside)));
    }
  },
  GET_CHANNEL_LONG(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      io(() -> ground.store().get(CallbackGround.LONG, sink(inside)));
    }
  },
  SNAPSHOT_GET_CHANNEL(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      try (Snapshot snapshot = ground.store().snapshot()) {
        io(() -> snapshot.get(CallbackGround.LONG, sink(inside)));
      }
    }
  },
  CHANGES(false) {
    @Override
    void provoke(CallbackGround ground, Runnable inside) {
      ground.store().forEachChange(0, Long.MAX_VALUE, change -> inside.run());
    }
  };

  /** Keeps loggers reachable, so that their handlers stay. */
  private static final class Loggers {
    private static final Logger READS = Logger.getLogger(ReadOutcomes.class.getName());
  }

  private final boolean listener;

  Callback(boolean listener) {
    this.listener = listener;
  }

  /** Returns whether it is told on a thread that others wait for. */
  boolean isListener() {
    return listener;
  }

  /** Has {@code inside} called in this way, at least once, now or soon. */
  abstract void provoke(CallbackGround ground, Runnable inside);

  private static MemorySegment target() {
    return Arena.ofAuto().allocate(CallbackGround.LONG_BYTES);
  }

  private static AckListener listener(Runnable inside) {
    return new AckListener() {
      @Override
      public void onDurable(
          long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
        inside.run();
      }

      @Override
      public void onFailed(StoreException failure) {
        inside.run();
      }
    };
  }

  private static ReadListener readListener(Runnable inside) {
    return new ReadListener() {
      @Override
      public void onRead(BlobId id, long length) {
        inside.run();
      }

      @Override
      public void onFailed(BlobId id, RuntimeException failure) {
        inside.run();
      }
    };
  }

  private static BatchVisitor visitor(Runnable inside) {
    return new BatchVisitor() {
      @Override
      public void onBlob(int index, BlobId id, MemorySegment value) {
        inside.run();
      }

      @Override
      public void onMissing(int index, BlobId id) {
        inside.run();
      }

      @Override
      public void onFailed(int index, BlobId id, StoreException failure) {
        throw failure;
      }
    };
  }

  private static ReadableByteChannel source(Runnable inside) {
    return new ReadableByteChannel() {
      @Override
      public int read(ByteBuffer target) {
        inside.run();
        int bytes = target.remaining();
        target.position(target.limit());
        return bytes;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() {}
    };
  }

  private static WritableByteChannel sink(Runnable inside) {
    return new WritableByteChannel() {
      @Override
      public int write(ByteBuffer from) {
        inside.run();
        int bytes = from.remaining();
        from.position(from.limit());
        return bytes;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() {}
    };
  }

  private static void putFrom(CallbackGround ground, ReadableByteChannel source, long length) {
    try (Epoch epoch = ground.store().beginEpoch()) {
      ground.filling(epoch);
      io(() -> {
        epoch.put(new BlobId(9, length), source, length);
        return length;
      });
      var _ = epoch.commit();
    }
  }

  /** Something that uses a channel. */
  private interface ChannelUse {
    long run() throws IOException;
  }

  private static void io(ChannelUse use) {
    try {
      var _ = use.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

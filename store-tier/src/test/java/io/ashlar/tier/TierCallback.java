package io.ashlar.tier;

import io.ashlar.store.AckListener;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.ReadListener;
import io.ashlar.store.StoreException;
import io.ashlar.store.VerifyListener;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.request.SecondLook;
import io.ashlar.tier.upload.TieringAgent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The kinds of callbacks of a tier and its store, each with a way to be called back so. */
enum TierCallback {
  CHECKPOINT_TOTAL(Kind.WORK) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.change();
      var _ =
          ground
              .tier()
              .checkpoint(
                  new TierProgress() {
                    @Override
                    public void onTotal(long blobs, long bytes) {
                      inside.run();
                    }
                  });
    }
  },
  CHECKPOINT_PROGRESS(Kind.WORK) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.change();
      var _ = ground.tier().checkpoint(progress(inside));
    }
  },
  EVICT(Kind.WORK) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      var _ =
          ground
              .tier()
              .evict(id -> {
                inside.run();
                return false;
              });
    }
  },
  EVICT_OLDEST(Kind.WORK) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      var _ =
          ground
              .tier()
              .evictOldest(
                  1,
                  id -> {
                    inside.run();
                    return false;
                  });
    }
  },
  REPAIR_PROGRESS(Kind.WORK) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      var _ = ground.tier().repair(RepairOptions.DEFAULTS, progress(inside), LossListener.NONE);
    }
  },
  REPAIR_LOSS(Kind.WORK) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.loseBatch();
      var _ =
          ground
              .tier()
              .repair(
                  RepairOptions.DEFAULTS,
                  TierProgress.NONE,
                  new LossListener() {
                    @Override
                    public void onLostObject(String object, String reason) {
                      inside.run();
                    }
                  });
    }
  },
  PUT_OF_A_BATCH(Kind.REQUEST) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      uploadCalling(ground, "put batches/", inside);
    }
  },
  PUT_OF_A_MANIFEST(Kind.REQUEST) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      uploadCalling(ground, "putIfAbsent manifests/", inside);
    }
  },
  CURRENT_KEY(Kind.REQUEST) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      uploadCalling(ground, "current", inside);
    }
  },
  GET_OF_A_BATCH(Kind.REQUEST) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.objects().callIn("get batches/", inside);
      read(ground);
    }
  },
  BODY_OF_A_BATCH(Kind.REQUEST) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.objects().callIn("read batches/", inside);
      read(ground);
    }
  },
  KEY_OF_A_FRAME(Kind.REQUEST) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.objects().callIn("find", inside);
      read(ground);
    }
  },
  GET_THAT_NOBODY_WAITS_FOR(Kind.REQUEST) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.objects().callIn("get batches/", inside);
      var _ = ground.store().getAsync(TierCallbackGround.EVICTED, target());
    }
  },
  REQUEST_OF_AN_AWAIT(Kind.REQUEST) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.objects().callIn("head manifests/", inside);
      ground.tier().awaitTiered(ground.tier().tieredEpoch());
    }
  },
  LIST_OF_A_COLLECTION(Kind.REQUEST) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.change();
      var _ = ground.tier().checkpoint(TierProgress.NONE);
      ground.objects().callIn("list", inside);
      var _ = ground.tier().collect(false);
    }
  },
  REQUEST_COUNTS(Kind.REQUEST) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.objects().callIn("requestCounts", inside);
      var _ = ground.tier().stats();
    }
  },
  ACK_LISTENER(Kind.LISTENER) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.filled().commit(listener(inside));
    }
  },
  COMMIT_STAGE(Kind.LISTENER) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      // In a listener, so that the future cannot be done before it has the stage.
      ground
          .filled()
          .commit(
              listener(() -> {
                var _ = ground.filled().commitAsync().thenRun(inside);
              }));
    }
  },
  READ_LISTENER(Kind.LISTENER) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground
          .store()
          .getAsync(
              TierCallbackGround.EVICTED,
              target(),
              new ReadListener() {
                @Override
                public void onRead(BlobId id, long length) {
                  inside.run();
                }

                @Override
                public void onFailed(BlobId id, RuntimeException failure) {
                  inside.run();
                }
              });
    }
  },
  FOR_EACH(Kind.OTHER) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.store().forEach((idHigh, idLow, length, local) -> inside.run());
    }
  },
  GET_CHANNEL(Kind.OTHER) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      WritableByteChannel sink = Channels.newChannel(new ByteArrayOutputStream());
      try {
        var _ =
            ground
                .store()
                .get(
                    TierCallbackGround.EVICTED,
                    new WritableByteChannel() {
                      @Override
                      public int write(ByteBuffer from) throws IOException {
                        inside.run();
                        return sink.write(from);
                      }

                      @Override
                      public boolean isOpen() {
                        return true;
                      }

                      @Override
                      public void close() {}
                    });
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  },
  GET_ALL(Kind.OTHER) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground
          .store()
          .getAll(
              List.of(TierCallbackGround.EVICTED, TierCallbackGround.LOCAL),
              new BatchVisitor() {
                @Override
                public void onBlob(int index, BlobId id, MemorySegment value) {
                  inside.run();
                }

                @Override
                public void onFailed(int index, BlobId id, StoreException failure) {
                  throw failure;
                }
              });
    }
  },
  VERIFY(Kind.OTHER) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
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
  LOGGER_OF_A_READ(Kind.LOGGER) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      AtomicBoolean answered = new AtomicBoolean();
      ground
          .objects()
          .fault((request, key) ->
              request.equals("get") && !answered.getAndSet(true)
                  ? Outcome.ABSENT
                  : Outcome.ANSWERED);
      Loggers.calling(Loggers.READS, ground, inside);
      read(ground);
    }
  },
  LOGGER_OF_A_COLLECTION(Kind.LOGGER) {
    @Override
    void provoke(TierCallbackGround ground, Runnable inside) {
      ground.change();
      var _ = ground.tier().checkpoint(TierProgress.NONE);
      Loggers.calling(Loggers.AGENT, ground, inside);
      var _ = ground.tier().collect(false);
    }
  };

  /** What may be called in it: a column of the table. */
  enum Kind {
    /** What a call of the tier was given. */
    WORK,
    /** The object store and the keys. */
    REQUEST,
    /** A listener of the store. */
    LISTENER,
    /** Any other callback of the store. */
    OTHER,
    /** A logger. */
    LOGGER
  }

  /** Held here: the logging system keeps only weak references to loggers. */
  private static final class Loggers {
    private static final Logger READS = Logger.getLogger(SecondLook.class.getName());
    private static final Logger AGENT = Logger.getLogger(TieringAgent.class.getName());

    static void calling(Logger logger, TierCallbackGround ground, Runnable inside) {
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
      logger.setUseParentHandlers(false);
      logger.setLevel(Level.FINE);
      handler.setLevel(Level.FINE);
      logger.addHandler(handler);
      ground.whenDone(() -> logger.removeHandler(handler));
    }
  }

  private final Kind kind;

  TierCallback(Kind kind) {
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }

  /** Has {@code inside} called in this way, at least once, now or soon. */
  abstract void provoke(TierCallbackGround ground, Runnable inside);

  private static void uploadCalling(TierCallbackGround ground, String request, Runnable inside) {
    ground.change();
    ground.objects().callIn(request, inside);
    var _ = ground.tier().checkpoint(TierProgress.NONE);
  }

  private static void read(TierCallbackGround ground) {
    var _ = ground.store().get(TierCallbackGround.EVICTED, target());
  }

  private static MemorySegment target() {
    return Arena.ofAuto().allocate(TierCallbackGround.BYTES);
  }

  private static TierProgress progress(Runnable inside) {
    return new TierProgress() {
      @Override
      public void onProgress(long blobs, long bytes) {
        inside.run();
      }
    };
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
}

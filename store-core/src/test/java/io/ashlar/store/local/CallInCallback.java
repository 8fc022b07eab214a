package io.ashlar.store.local;

import io.ashlar.store.AckListener;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * The calls of a local store, as they are made within a callback, and what becomes of each: the
 * table in the description of the package {@code io.ashlar.store}, as code.
 */
enum CallInCallback {
  EPOCH(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      ground.filled().close();
    }
  },
  COMMIT(Answer.REFUSED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      try (Epoch epoch = ground.filled()) {
        var _ = epoch.commit();
      }
    }
  },
  COMMIT_WITH_LISTENER(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      ground.filled().commit(DEAF);
    }
  },
  TRY_COMMIT(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.filled().tryCommit(DEAF);
    }
  },
  COMMIT_ASYNC(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.filled().commitAsync();
    }
  },
  COMMIT_ASYNC_JOIN(Answer.EITHER) { // served when it is done already
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.filled().commitAsync().join();
    }
  },
  PUT_STREAMED(Answer.REFUSED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      try (Epoch epoch = ground.store().beginEpoch()) {
        epoch.put(new BlobId(6, 6), Arena.ofAuto().allocate(CallbackGround.LONG_BYTES));
      }
    }
  },
  LEASE(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      try (BlobLease lease = ground.store().get(CallbackGround.SHORT)) {
        if (lease == null) {
          throw new AssertionError("the blob is gone");
        }
      }
    }
  },
  GET(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.store().get(CallbackGround.SHORT, target());
    }
  },
  GET_LONG(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.store().get(CallbackGround.LONG, target());
    }
  },
  GET_RANGE(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.store().get(CallbackGround.LONG, 70_000, 10, target());
    }
  },
  GET_CHANNEL(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) throws IOException {
      var _ =
          ground.store().get(CallbackGround.LONG, Channels.newChannel(new ByteArrayOutputStream()));
    }
  },
  GET_WITH_LISTENER(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      ground.store().getAsync(CallbackGround.SHORT, target(), DEAF_READER);
    }
  },
  GET_ASYNC(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.store().getAsync(CallbackGround.SHORT, target());
    }
  },
  GET_ASYNC_JOIN(Answer.EITHER) { // served when it is done already
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.store().getAsync(CallbackGround.SHORT, target()).join();
    }
  },
  GET_ALL(Answer.REFUSED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      ground.store().getAll(List.of(CallbackGround.SHORT, CallbackGround.LONG), BLIND);
    }
  },
  LENGTH(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.store().length(CallbackGround.SHORT);
    }
  },
  FOR_EACH(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      ground.store().forEach((idHigh, idLow, length, local) -> {});
    }
  },
  STATS(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.store().stats();
    }
  },
  AWAIT_WHAT_IS_DURABLE(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      ground.store().awaitDurable(ground.store().durableEpoch());
    }
  },
  AWAIT_DURABLE(Answer.REFUSED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      long next = ground.store().durableEpoch() + (within.isListener() ? 1_000_000 : 1);
      Thread other =
          Thread.ofVirtual()
              .start(() -> {
                LockSupport.parkNanos(1_000_000);
                if (!within.isListener()) {
                  var _ = ground.filled().commit();
                }
              });
      ground.store().awaitDurable(next);
      join(other);
    }
  },
  SNAPSHOT(Answer.REFUSED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      ground.store().snapshot().close();
    }
  },
  READ_SNAPSHOT(Answer.SERVED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = spare.get(CallbackGround.SHORT, target());
      spare.forEach((idHigh, idLow, length, local) -> {});
      var _ = spare.getAsync(CallbackGround.SHORT, target());
    }
  },
  GET_ALL_OF_A_SNAPSHOT(Answer.REFUSED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      spare.getAll(List.of(CallbackGround.SHORT, CallbackGround.LONG), BLIND);
    }
  },
  CLOSE_SNAPSHOT(Answer.REFUSED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      spare.close();
    }
  },
  VERIFY(Answer.REFUSED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      if (!ground.store().verify(VerifyListener.NONE).clean()) {
        throw new AssertionError("damaged");
      }
    }
  },
  VACUUM(Answer.REFUSED) {
    @Override
    boolean isRefusedIn(Callback within) {
      return within == Callback.VACUUM;
    }

    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      var _ = ground.store().vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE);
    }
  },
  TIER_SNAPSHOT(Answer.REFUSED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      ground.store().tierSnapshot().close();
    }
  },
  DROP_TOMBSTONES(Answer.REFUSED) {
    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      ground.store().dropTombstones(0);
    }
  },
  PUT_INTO_THE_EPOCH(Answer.SERVED) {
    @Override
    boolean isRefusedIn(Callback within) {
      return readsAChannel(within);
    }

    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      Epoch own = ground.filling();
      try (Epoch other = own == null ? ground.store().beginEpoch() : ground.filled()) {
        (own == null ? other : own).delete(CallbackGround.MISSING);
      }
    }
  },
  CLOSE_THE_EPOCH(Answer.SERVED) {
    @Override
    boolean isRefusedIn(Callback within) {
      return readsAChannel(within);
    }

    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      Epoch own = ground.filling();
      (own == null ? ground.filled() : own).close();
    }
  },
  CLOSE(Answer.REFUSED) {
    @Override
    boolean isRefusedIn(Callback within) {
      return true;
    }

    @Override
    void make(CallbackGround ground, Callback within, Snapshot spare) {
      ground.store().close();
    }
  };

  /** What becomes of a call. */
  enum Answer {
    SERVED,
    REFUSED,
    EITHER
  }

  private static final AckListener DEAF =
      new AckListener() {
        @Override
        public void onDurable(
            long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {}

        @Override
        public void onFailed(StoreException failure) {}
      };

  private static final ReadListener DEAF_READER =
      new ReadListener() {
        @Override
        public void onRead(BlobId id, long length) {}

        @Override
        public void onFailed(BlobId id, RuntimeException failure) {}
      };

  private static final BatchVisitor BLIND =
      new BatchVisitor() {
        @Override
        public void onBlob(int index, BlobId id, MemorySegment value) {}

        @Override
        public void onFailed(int index, BlobId id, StoreException failure) {
          throw failure;
        }
      };

  private final Answer inListener;

  CallInCallback(Answer inListener) {
    this.inListener = inListener;
  }

  private static boolean readsAChannel(Callback within) {
    return within == Callback.PUT_CHANNEL || within == Callback.PUT_CHANNEL_STREAMED;
  }

  /** Returns whether it is refused whatever the rule for listeners and others. */
  boolean isRefusedIn(Callback within) {
    return false;
  }

  /** Returns what the table says. */
  Answer answer(Callback within) {
    if (isRefusedIn(within)) {
      return Answer.REFUSED;
    }
    return within.isListener() ? inListener : Answer.SERVED;
  }

  /**
   * Makes the call.
   *
   * @param spare a snapshot that was opened before.
   */
  abstract void make(CallbackGround ground, Callback within, Snapshot spare) throws IOException;

  private static MemorySegment target() {
    return Arena.ofAuto().allocate(CallbackGround.LONG_BYTES);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

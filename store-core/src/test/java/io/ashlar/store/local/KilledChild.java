package io.ashlar.store.local;

import io.ashlar.store.AckListener;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import java.io.ByteArrayInputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;

/**
 * The JVM that {@link KillTest} and {@link TwoProcessesTest} kill: commits epochs from several
 * threads and keeps a ledger on standard output.
 *
 * <pre>
 *   READY            the store is open
 *   B token          an epoch is about to be committed
 *   A token epoch    it was acknowledged, before this line
 * </pre>
 *
 * <p>Each line is one write of less than {@code PIPE_BUF} bytes, so it is in the pipe whole or not
 * at all, and outlives the process.
 */
final class KilledChild {

  static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(8 << 20)
          .withInitialFileBytes(2 << 20)
          .withGrowthBytesMin(4 << 20)
          .withLogExtentBytesMax(1 << 20)
          .withCheckpointLogBytesMin(512 << 10)
          .withQuietMarkMs(2)
          .withLockTimeoutMs(60_000);

  private static final int ASYNC_MAX = 6;

  private final FileOutputStream ledger = new FileOutputStream(FileDescriptor.out);
  private final LocalBlobStore store;
  private final KillPlan plans;
  private final int run;

  private KilledChild(LocalBlobStore store, KillPlan plans, int run) {
    this.store = store;
    this.plans = plans;
    this.run = run;
  }

  /** Arguments: folder, engine, seed, run. Ends only when it is killed, or something is wrong. */
  public static void main(String[] arguments) {
    StoreConfig config = CONFIG.withEngine(StoreConfig.Engine.valueOf(arguments[1]));
    LocalBlobStore store = LocalBlobStore.builder(Path.of(arguments[0])).config(config).open();
    KilledChild child =
        new KilledChild(
            store, new KillPlan(Long.parseLong(arguments[2])), Integer.parseInt(arguments[3]));
    for (int thread = 0; thread < KillPlan.THREADS; thread++) {
      int number = thread;
      Thread committer = new Thread(() -> child.commitForEver(number), "committer-" + thread);
      committer.setUncaughtExceptionHandler((failed, failure) -> {
        failure.printStackTrace();
        Runtime.getRuntime().halt(3);
      });
      committer.start();
    }
    child.print("READY");
  }

  private void print(String line) {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
    try {
      ledger.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void commitForEver(int thread) {
    Semaphore permits = new Semaphore(ASYNC_MAX);
    for (int turn = 0; turn < Integer.MAX_VALUE; turn++) {
      KillPlan.Plan plan = plans.plan(KillPlan.token(run, thread, turn));
      try {
        commit(plan, permits);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void commit(KillPlan.Plan plan, Semaphore permits) throws IOException {
    Epoch epoch = store.beginEpoch();
    for (KillPlan.Operation operation : plan.operations()) {
      if (operation.length() < 0) {
        epoch.delete(KillPlan.id(operation.key()));
        continue;
      }
      byte[] value = plans.value(plan.token(), operation.key(), operation.length());
      if (plan.form() == KillPlan.Form.STREAMED) {
        epoch.put(
            KillPlan.id(operation.key()),
            Channels.newChannel(new ByteArrayInputStream(value)),
            value.length);
      } else {
        epoch.put(KillPlan.id(operation.key()), MemorySegment.ofArray(value));
      }
    }
    epoch.put(KillPlan.manifest(plan.token()), MemorySegment.ofArray(KillPlan.manifestOf(plan)));
    print("B " + plan.token());
    if (plan.form() == KillPlan.Form.ASYNC) {
      permits.acquireUninterruptibly();
      epoch.commit(new Acknowledged(plan.token(), permits));
    } else {
      long number = epoch.commit();
      print("A " + plan.token() + " " + number);
    }
  }

  /** Notes an acknowledgement. */
  private final class Acknowledged implements AckListener {

    private final long token;
    private final Semaphore permits;

    Acknowledged(long token, Semaphore permits) {
      this.token = token;
      this.permits = permits;
    }

    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      print("A " + token + " " + epoch);
      permits.release();
    }

    @Override
    public void onFailed(StoreException failure) {
      failure.printStackTrace();
      Runtime.getRuntime().halt(4);
    }
  }
}

package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.AckListener;
import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.NotDrivenException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.spi.Driving;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Who runs the agents: threads of the store's own, or a thread of the embedder's (L34). */
@Timeout(120)
class AgentsTest {

  private static final StoreConfig OWN =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);
  private static final StoreConfig DRIVEN =
      OWN.withThreadingMode(StoreConfig.ThreadingMode.INVOKER);
  private static final int VALUE_BYTES = 5000;

  @TempDir Path folder;

  @AfterEach
  void requireNoDriver() {
    assertThat(Driving.isHere()).as("after the close").isFalse();
  }

  private LocalBlobStore open(StoreConfig config) {
    return LocalBlobStore.builder(folder).config(config).open();
  }

  private static BlobId id(int number) {
    return new BlobId(9, number);
  }

  private static MemorySegment value(int number) {
    byte[] bytes = new byte[VALUE_BYTES];
    Arrays.fill(bytes, (byte) number);
    return MemorySegment.ofArray(bytes);
  }

  private static void commit(LocalBlobStore store, int number) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(id(number), value(number));
      epoch.commit();
    }
  }

  private static CompletableFuture<Long> commitAsync(LocalBlobStore store, int number) {
    CompletableFuture<Long> told = new CompletableFuture<>();
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(id(number), value(number));
      epoch.commit(
          new AckListener() {
            @Override
            public void onDurable(
                long durable, int puts, int flushed, int deletes, int deletesApplied) {
              told.complete(durable);
            }

            @Override
            public void onFailed(StoreException reason) {
              told.completeExceptionally(reason);
            }
          });
    }
    return told;
  }

  private static void requireValue(LocalBlobStore store, int number) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(VALUE_BYTES);
      assertThat(store.get(id(number), target)).isEqualTo(VALUE_BYTES);
      assertThat(target.mismatch(value(number))).as("blob %s", number).isEqualTo(-1);
    }
  }

  /** Requires that every blob is there. */
  private static final class WholeValues implements BatchVisitor {

    @Override
    public void onBlob(int index, BlobId id, MemorySegment value) {
      assertThat(value.byteSize()).isEqualTo(VALUE_BYTES);
    }

    @Override
    public void onMissing(int index, BlobId id) {
      throw new AssertionError("not there: " + id);
    }

    @Override
    public void onFailed(int index, BlobId id, StoreException failure) {
      throw failure;
    }
  }

  /** A thread that drives a store until it is told to stop, or the invoker has ended. */
  private static final class Driver {
    private final AtomicReference<Throwable> thrown = new AtomicReference<>();
    private final CountDownLatch started = new CountDownLatch(1);
    private final Thread thread;
    private volatile boolean stopped;
    private volatile boolean paused;

    Driver(AgentInvoker invoker) throws InterruptedException {
      thread =
          Thread.ofPlatform()
              .daemon()
              .name("driver")
              .start(() -> {
                try {
                  drive(invoker);
                } catch (RuntimeException | Error e) {
                  thrown.set(e);
                }
              });
      assertThat(started.await(120, TimeUnit.SECONDS)).isTrue();
    }

    private void drive(AgentInvoker invoker) {
      IdleStrategy idle = new YieldingIdleStrategy();
      invoker.start();
      started.countDown();
      while (!stopped && !invoker.isClosed()) {
        idle.idle(paused ? 0 : invoker.invoke());
      }
    }

    void pause() {
      paused = true;
    }

    void resume() {
      paused = false;
    }

    void awaitEnd() throws InterruptedException {
      thread.join();
      assertThat(thrown.get()).isNull();
    }

    void stop() throws InterruptedException {
      stopped = true;
      thread.join();
    }
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  void shouldServeEveryCallOfOtherThreadsWhereTheEmbedderDrives(StoreConfig.Engine engine)
      throws Exception {
    LocalBlobStore store = open(DRIVEN.withEngine(engine));
    Driver driver = new Driver(store.agentInvoker());
    for (int i = 0; i < 50; i++) {
      commit(store, i);
    }
    List<CompletableFuture<Long>> told = new CopyOnWriteArrayList<>();
    for (int i = 50; i < 100; i++) {
      told.add(commitAsync(store, i));
    }
    for (CompletableFuture<Long> future : told) {
      assertThat(future.get(120, TimeUnit.SECONDS)).isPositive();
    }
    Thread virtual =
        Thread.ofVirtual()
            .start(() -> {
              commit(store, 100);
              requireValue(store, 100); // a read of a virtual thread is the read agent's
            });
    virtual.join();
    store.getAll(
        Stream.iterate(0, i -> i + 1).limit(101).map(AgentsTest::id).toList(), new WholeValues());
    store.close();
    driver.awaitEnd();
    try (LocalBlobStore again = open(OWN)) {
      for (int i = 0; i <= 100; i++) {
        requireValue(again, i);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  void shouldDriveItsAgentsWhileTheDriverWaits(StoreConfig.Engine engine) throws Exception {
    LocalBlobStore store = open(DRIVEN.withEngine(engine));
    AgentInvoker invoker = store.agentInvoker();
    invoker.start();
    for (int i = 0; i < 20; i++) {
      CompletableFuture<Long> told = commitAsync(store, i);
      commit(store, 1000 + i); // behind an epoch that only the agent serves
      assertThat(told).as("an earlier epoch").isDone();
    }
    CompletableFuture<Long> last = commitAsync(store, 20);
    store.awaitDurable(41);
    assertThat(last).isDone();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment target = arena.allocate(VALUE_BYTES);
      assertThat(store.getAsync(id(3), target).join()).isEqualTo(VALUE_BYTES);
      assertThat(store.getAsync(id(4), target).get(120, TimeUnit.SECONDS)).isEqualTo(VALUE_BYTES);
    }
    store.getAll(List.of(id(1), id(2), id(3)), new WholeValues());
    store.snapshot().close();
    assertThat(store.verify(VerifyListener.NONE).damaged()).isZero();
    var _ = store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE);
    CompletableFuture<Long> queued = commitAsync(store, 21);
    store.close();
    assertThat(queued).as("queued at the close").isDone();
    assertThat(invoker.invoke()).isZero();
    assertThat(invoker.isClosed()).isTrue();
  }

  @Test
  void shouldRefuseASecondDriver() throws Exception {
    LocalBlobStore store = open(DRIVEN);
    Driver driver = new Driver(store.agentInvoker());
    assertThatThrownBy(() -> store.agentInvoker().invoke())
        .isInstanceOf(WrongThreadException.class)
        .hasMessageContaining("driver=driver");
    assertThat(commitAsync(store, 1).get(120, TimeUnit.SECONDS)).isEqualTo(1);
    store.close();
    driver.awaitEnd();
  }

  @Test
  void shouldNotMakeTheThreadOfATestADriverForLife() {
    DataFileStore left = // as a store is left by a simulated crash
        StoreOpening.open("test", new SimulatedDisk(), OWN, HostileFiles.environment(false));
    commit(left, 1);
    assertThat(Driving.isHere()).isFalse();
  }

  @Test
  void shouldHaveNoInvokerWithThreadsOfItsOwn() {
    try (LocalBlobStore store = open(OWN)) {
      assertThatThrownBy(store::agentInvoker)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("withThreadingMode(INVOKER)");
    }
  }

  @Test
  void shouldCloseWithoutADriver() {
    LocalBlobStore store = open(DRIVEN);
    CompletableFuture<Long> queued = commitAsync(store, 1);
    store.close();
    assertThat(queued).isDone();
    try (LocalBlobStore again = open(OWN)) {
      requireValue(again, 1);
    }
  }

  @ParameterizedTest
  @EnumSource(StoreConfig.Engine.class)
  void shouldCloseAfterItsDriverHasEnded(StoreConfig.Engine engine) throws Exception {
    LocalBlobStore store = open(DRIVEN.withEngine(engine));
    Driver driver = new Driver(store.agentInvoker());
    assertThat(commitAsync(store, 1).get(120, TimeUnit.SECONDS)).isEqualTo(1);
    driver.stop();
    CompletableFuture<Long> queued = commitAsync(store, 2);
    CompletableFuture<Long> read;
    try (Arena arena = Arena.ofShared()) {
      read = store.getAsync(id(1), arena.allocate(VALUE_BYTES));
      store.close();
      assertThat(queued).isDone();
      assertThat(read).isDone();
    }
    try (LocalBlobStore again = open(OWN)) {
      requireValue(again, 1);
      requireValue(again, 2);
    }
  }

  @Test
  @Tag("campaign")
  void shouldLoseNothingAndSaySoWhereTheDriverStops() throws Exception {
    LocalBlobStore store = open(DRIVEN);
    Driver driver = new Driver(store.agentInvoker());
    commit(store, 1);
    driver.pause();
    CompletableFuture<Long> queued = commitAsync(store, 2);
    assertThatThrownBy(store::close)
        .isInstanceOf(NotDrivenException.class)
        .hasMessageContaining("driver=driver");
    assertThat(queued).isDone();
    driver.resume();
    driver.awaitEnd();
    try (LocalBlobStore again = open(OWN.withLockTimeoutMs(60_000))) {
      requireValue(again, 1);
      requireValue(again, 2);
    }
  }

  @Test
  void shouldFailWhereItsInvokerIsClosedFirst() throws Exception {
    LocalBlobStore store = open(DRIVEN);
    AgentInvoker invoker = store.agentInvoker();
    invoker.start();
    commit(store, 1);
    CompletableFuture<Long> queued = commitAsync(store, 2);
    invoker.close();
    assertThat(queued).isCompletedExceptionally();
    assertThatThrownBy(() -> commit(store, 3)).isInstanceOf(StoreFailedException.class);
    requireValue(store, 1);
    store.close();
  }

  @Test
  void shouldGoOnWhereTheDriverIsInterrupted() throws Exception {
    LocalBlobStore store = open(DRIVEN);
    AgentInvoker invoker = store.agentInvoker();
    invoker.start();
    Thread.currentThread().interrupt();
    for (int i = 0; i < 10; i++) {
      assertThat(invoker.invoke()).as("an invoker that sees 0 would end").isPositive();
    }
    assertThat(Thread.interrupted()).as("the embedder's").isTrue();
    CompletableFuture<Long> told = commitAsync(store, 1);
    while (!told.isDone()) {
      var _ = invoker.invoke();
    }
    store.close();
  }

  @Test
  void shouldGoOnWhereAListenerInterruptsTheAgentsThread() throws Exception {
    try (LocalBlobStore store = open(OWN)) {
      for (int i = 0; i < 20; i++) {
        CompletableFuture<Long> told = new CompletableFuture<>();
        try (Epoch epoch = store.beginEpoch()) {
          epoch.put(id(i), value(i));
          epoch.commit(
              new AckListener() {
                @Override
                public void onDurable(
                    long durable, int puts, int flushed, int deletes, int deletesApplied) {
                  Thread.currentThread().interrupt();
                  told.complete(durable);
                }

                @Override
                public void onFailed(StoreException reason) {
                  told.completeExceptionally(reason);
                }
              });
        }
        assertThat(told.get(120, TimeUnit.SECONDS)).isEqualTo(i + 1);
      }
    }
  }

  /** A strategy that fails once it is needed. */
  private static final class Throwing implements IdleStrategy {

    @Override
    public void idle(int workCount) {
      throw new AssertionError("no idling");
    }

    @Override
    public void idle() {
      throw new AssertionError("no idling");
    }

    @Override
    public void reset() {}
  }

  static Stream<Supplier<? extends IdleStrategy>> strategies() {
    return Stream.of(
        BusySpinIdleStrategy::new,
        BackoffIdleStrategy::new,
        YieldingIdleStrategy::new,
        Throwing::new);
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void shouldIdleAsTheEmbedderWants(Supplier<? extends IdleStrategy> strategy) throws Exception {
    try (LocalBlobStore store = open(OWN.withIdleStrategy(strategy));
        Arena arena = Arena.ofShared()) {
      MemorySegment target = arena.allocate(VALUE_BYTES);
      for (int i = 0; i < 30; i++) {
        assertThat(commitAsync(store, i).get(120, TimeUnit.SECONDS)).isEqualTo(i + 1);
        assertThat(store.getAsync(id(i), target).get(120, TimeUnit.SECONDS)).isEqualTo(VALUE_BYTES);
      }
    }
  }
}

package io.ashlar.tier.pack;

import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.FutureOutcomes;
import io.ashlar.store.spi.TierSnapshot;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads and compresses the groups of a pass on several threads, and hands them over in their order.
 * While one thread waits for the disk, another compresses, and the agent adds finished groups to a
 * batch.
 *
 * <p>Thread: the tiering agent's; packing runs on threads of its own that end with close. Memory:
 * one {@link GroupPacker} a thread and one more, freed by close.
 */
public final class PackThreads implements AutoCloseable {
  /** More would take processors from the application. */
  private static final int THREADS_MAX = 4;

  /** Receives what was packed, in the order of the changes. */
  public interface Receiver {
    /** A group whose frames are made; valid during the call. */
    void onGroup(PackPlan.Group group, GroupPacker packed);

    /** A blob that the receiver reads by itself. */
    void onDirect(long change);
  }

  private record Ahead(PackPlan.Group group, CompletableFuture<@Nullable GroupPacker> packed) {}

  private final PackPlan plan;
  private final Deque<GroupPacker> free = new ArrayDeque<>();
  private final Deque<GroupPacker> all = new ArrayDeque<>();
  private final Deque<Ahead> ahead = new ArrayDeque<>();
  private final ExecutorService threads;

  /**
   * Packs the stored ones among {@code changes}, as {@code plan} says.
   *
   * @param background begins work that the store paces, on the calling thread.
   */
  PackThreads(
      TierSnapshot source,
      ChangeList changes,
      PackPlan plan,
      Supplier<? extends BackgroundWork> background) {
    this.plan = plan;
    int count = threadCount();
    threads =
        Executors.newFixedThreadPool(
            count, Thread.ofPlatform().daemon().name("ashlar-tier-pack-", 0).factory());
    for (int i = 0; i <= count; i++) {
      GroupPacker packer = new GroupPacker(source, changes, background);
      free.add(packer);
      all.add(packer);
    }
  }

  /** One more than there are processors, as one of them waits for the disk. */
  private static int threadCount() {
    return Math.min(THREADS_MAX, Runtime.getRuntime().availableProcessors() + 1);
  }

  /**
   * Hands everything over.
   *
   * @throws io.ashlar.store.CorruptionException if a blob is damaged.
   */
  public void forEach(Receiver receiver) {
    packAhead();
    while (!ahead.isEmpty()) {
      Ahead first = ahead.remove();
      GroupPacker packed = join(first.packed());
      if (packed == null) {
        receiver.onDirect(first.group().from());
      } else {
        receiver.onGroup(first.group(), packed);
        free.add(packed);
      }
      packAhead();
    }
  }

  private static @Nullable GroupPacker join(CompletableFuture<@Nullable GroupPacker> packed) {
    try {
      return packed.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private void packAhead() {
    // A long blob takes more memory than all groups, so nothing is packed beside it.
    while (!free.isEmpty() && (ahead.isEmpty() || !ahead.getLast().group().direct())) {
      PackPlan.Group group = plan.next();
      if (group == null) {
        return;
      }
      if (group.direct()) {
        ahead.add(new Ahead(group, CompletableFuture.completedFuture(null)));
        continue;
      }
      GroupPacker packer = free.remove();
      ahead.add(
          new Ahead(
              group,
              FutureOutcomes.supply(
                  () -> {
                    packer.pack(group);
                    return packer;
                  },
                  threads)));
    }
  }

  /** Waits for what is being packed, and frees the memory. */
  @Override
  public void close() {
    threads.close();
    all.forEach(GroupPacker::close);
  }
}

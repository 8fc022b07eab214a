package io.ashlar.cli.demo;

import io.ashlar.cli.command.OpenStore;
import io.ashlar.cli.command.StatCommand;
import io.ashlar.cli.command.StoreOptions;
import io.ashlar.cli.command.TierCommand;
import io.ashlar.cli.console.ErrorText;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.console.Units;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.cli.file.FilePacker;
import io.ashlar.cli.file.FileTree;
import io.ashlar.cli.file.FolderRemoval;
import io.ashlar.cli.file.TreeCount;
import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.RecoveryReport;
import io.ashlar.store.StoreStats;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.VerifyReport;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.CheckpointReport;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierStats;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.RequestCounts;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a demo, in order: digest, put and be killed, reopen and put the rest, tier, evict
 * and read back, delete, restore, compare.
 *
 * <p>Thread: one.
 */
final class Demo {
  private static final long EPOCH_BYTES_MAX = 256 << 10;
  private static final long EPOCH_BYTES_MIN = 64 << 10;
  private static final int EPOCHS_WANTED = 64;

  private final FileTree tree;
  private final long treeBytes;
  private final Path work;
  private final Target target;
  private final StoreOptions options;
  private final Output output;
  private final DemoJournal journal;

  /**
   * Prepares a demo.
   *
   * @param treeBytes the bytes of {@code tree}, for the progress.
   * @param work an empty folder.
   * @param target where to tier to.
   */
  Demo(
      FileTree tree,
      long treeBytes,
      Path work,
      Target target,
      StoreOptions options,
      Output output) {
    this.tree = tree;
    this.treeBytes = treeBytes;
    this.work = work;
    this.target = target;
    this.options = options;
    this.output = output;
    this.journal = new DemoJournal(output);
  }

  /**
   * An empty prefix of an object store.
   *
   * @param keys what it is encrypted with, or null for no encryption.
   */
  record Target(String url, @Nullable FrameKeys keys) {}

  /** What reopening found. */
  private record Reopened(StoreStats stats, RecoveryReport recovery, long unacknowledged) {}

  /** What the tier did. */
  private record Tiered(CheckpointReport checkpoint, long evicted, TierStats stats) {}

  /** Runs every step. */
  DemoReport run() throws IOException {
    DemoSource source = digest();
    Path first = work.resolve("store");
    long epochBytes = Math.clamp(source.bytes() / EPOCHS_WANTED, EPOCH_BYTES_MIN, EPOCH_BYTES_MAX);
    KilledPut killed = putUntilKilled(source, first, epochBytes);
    Reopened reopened;
    Tiered tiered;
    try (LocalBlobStore store = reopen(first)) {
      reopened = check(source, store, killed);
      putRest(source, store, epochBytes);
      journal.onGroups(store.stats().groups());
      tiered = tier(source, store);
    }
    FolderRemoval.remove(first);
    journal.onStep("deleted the local store");
    DemoReport.Requests restored = restore(source);
    return report(source, killed, reopened, tiered, restored);
  }

  private DemoSource digest() throws IOException {
    long startNs = System.nanoTime();
    DemoSource source;
    try (Progress progress = output.progress("digest", treeBytes)) {
      source = DemoSource.read(tree, output, progress);
    }
    journal.onPhase("digest", source.bytes(), startNs);
    journal.onStep("digested " + Units.count(source.files().size(), "file"));
    return source;
  }

  private KilledPut putUntilKilled(DemoSource source, Path store, long epochBytes)
      throws IOException {
    KilledPut killed =
        KilledPut.run(source, store, options.arguments(), epochBytes, journal, output);
    journal.onStep(
        "killed the writing process with SIGKILL after "
            + Units.count(killed.epochs(), "acknowledged epoch")
            + ", "
            + Units.bytes(killed.bytes()));
    return killed;
  }

  private LocalBlobStore reopen(Path folder) throws IOException {
    long startNs = System.nanoTime();
    LocalBlobStore store = options.openExisting(folder);
    journal.onPhase("reopen", 0, startNs);
    return store;
  }

  private Reopened check(DemoSource source, LocalBlobStore store, KilledPut killed)
      throws IOException {
    if (store.durableEpoch() < killed.lastEpoch()) {
      journal.onMismatch(
          "epochs lost: acknowledged=" + killed.lastEpoch() + ", kept=" + store.durableEpoch());
    }
    List<BlobName> found = new ArrayList<>();
    for (BlobName name : source.order()) {
      if (store.contains(name.id())) {
        found.add(name);
      } else if (killed.names().contains(name)) {
        journal.onMismatch("acknowledged file lost: name=" + name);
      }
    }
    journal.compare("check", source, store, found);
    checkNames(found, Catalogue.load(store));
    long unacknowledged = found.stream().filter(name -> !killed.names().contains(name)).count();
    journal.onStep(
        "reopened: checked "
            + Units.count(killed.names().size(), "acknowledged file")
            + ", and "
            + Units.count(unacknowledged)
            + " more that were on their way");
    return new Reopened(store.stats(), store.recoveryReport(), unacknowledged);
  }

  private void checkNames(List<BlobName> found, Catalogue catalogue) {
    Set<BlobName> listed = catalogue.entries().keySet();
    Set<BlobName> expected = new HashSet<>(found);
    for (BlobName name : found) {
      if (!listed.contains(name)) {
        journal.onMismatch("file without a name: name=" + name);
      }
    }
    for (BlobName name : listed) {
      if (!expected.contains(name)) {
        journal.onMismatch("name that was never put: name=" + name);
      }
    }
  }

  private void putRest(DemoSource source, LocalBlobStore store, long epochBytes) {
    List<BlobName> rest =
        source.order().stream().filter(name -> !store.contains(name.id())).toList();
    long total = source.bytesOf(rest);
    TreeCount durable = new TreeCount();
    long startNs = System.nanoTime();
    try (Progress progress = output.progress("put rest", total);
        FilePacker writer =
            new FilePacker(
                store,
                Catalogue.load(store),
                DemoWriterCommand.limits(epochBytes),
                acknowledged -> {
                  journal.onCommit(acknowledged.latencyNs());
                  durable.files += acknowledged.names().size();
                  durable.bytes += acknowledged.bytes();
                  progress.at(durable.files, durable.bytes);
                })) {
      for (BlobName name : rest) {
        try {
          writer.put(name, source.file(name).path());
        } catch (IOException e) {
          journal.onMismatch(ErrorText.of(e));
        }
      }
      writer.finish();
    }
    journal.onPhase("put rest", durable.bytes, startNs);
    journal.onStep("put the rest: " + Units.count(durable.files, "file"));
  }

  private Tiered tier(DemoSource source, LocalBlobStore store) throws IOException {
    try (ObjectStore objects = ObjectStores.open(target.url());
        Tier tier = OpenStore.tier(store, objects, target.keys())) {
      long startNs = System.nanoTime();
      CheckpointReport checkpoint;
      try (Progress progress = output.progress("tier", source.bytes())) {
        checkpoint = tier.checkpoint(TierCommand.progressOf(progress));
      }
      journal.onPhase("tier", checkpoint.bytesBefore(), startNs);
      journal.onStep("tiered " + Units.count(checkpoint.blobs(), "blob"));
      List<BlobName> half = half(source);
      Set<BlobId> ids = new HashSet<>();
      half.forEach(name -> ids.add(name.id()));
      startNs = System.nanoTime();
      long evicted = tier.evict(ids::contains);
      journal.onPhase("evict", 0, startNs);
      if (evicted != half.size()) {
        journal.onMismatch("evicted: expected=" + half.size() + ", actual=" + evicted);
      }
      journal.onStep("evicted " + Units.count(evicted, "blob"));
      journal.compare("read back", source, store, half);
      journal.onStep("read the evicted blobs back through the tier");
      return new Tiered(checkpoint, evicted, tier.stats());
    }
  }

  /**
   * Returns every second file by length, the longest first: about half of the bytes or more. Empty
   * files have no bytes to evict.
   */
  private static List<BlobName> half(DemoSource source) {
    List<BlobName> sorted =
        source.order().stream()
            .filter(name -> source.file(name).length() > 0)
            .sorted(
                Comparator.comparingLong((BlobName name) -> -source.file(name).length())
                    .thenComparing(Comparator.naturalOrder()))
            .toList();
    return IntStream.range(0, sorted.size())
        .filter(index -> index % 2 == 0)
        .mapToObj(sorted::get)
        .toList();
  }

  private DemoReport.Requests restore(DemoSource source) throws IOException {
    try (ObjectStore objects = ObjectStores.open(target.url());
        LocalBlobStore store = options.openOrCreate(work.resolve("restored"))) {
      long startNs = System.nanoTime();
      try (Progress progress = output.progress("restore", source.bytes())) {
        Restore.restore(
            objects,
            store,
            RestoreOptions.DEFAULTS.withKeys(target.keys()),
            TierCommand.progressOf(progress));
      }
      journal.onPhase("restore", source.bytes(), startNs);
      RequestCounts used = objects.requestCounts();
      journal.onStep("restored from the tier");
      checkNames(source.order(), Catalogue.load(store));
      journal.compare("compare", source, store, source.order());
      verify(store);
      journal.onStep("compared the SHA-256 of every file");
      return new DemoReport.Requests(used.puts(), used.gets());
    }
  }

  private void verify(LocalBlobStore store) {
    long startNs = System.nanoTime();
    VerifyReport report =
        store.verify(
            new VerifyListener() {
              @Override
              public void onDamaged(CorruptionException damage) {
                journal.onMismatch(ErrorText.of(damage));
              }
            });
    journal.onPhase("verify", report.bytes(), startNs);
    if (!report.clean()) {
      journal.onMismatch(
          "verify: damaged="
              + report.damaged()
              + ", unaccountedBlocks="
              + report.unaccountedBlocks());
    }
  }

  private DemoReport report(
      DemoSource source,
      KilledPut killed,
      Reopened reopened,
      Tiered tiered,
      DemoReport.Requests restored) {
    return new DemoReport(
        new DemoReport.Checks(journal.matched(), journal.mismatches()),
        new DemoReport.Engine(reopened.stats().engine(), reopened.stats().engineReason()),
        new DemoReport.Input(
            source.files().size(),
            source.bytes(),
            source.links(),
            source.leftOut(),
            source.files().values().stream().mapToLong(DemoSource.Source::length).max().orElse(0)),
        new DemoReport.Commits(
            journal.epochs(), journal.groups(), journal.latencyNs(50), journal.latencyNs(99)),
        new DemoReport.Kill(
            killed.epochs(),
            killed.names().size(),
            reopened.unacknowledged(),
            StatCommand.recoveryText(reopened.recovery())),
        new DemoReport.Tiered(
            tiered.checkpoint().bytesBefore(),
            tiered.checkpoint().bytesAfter(),
            tiered.checkpoint().batches(),
            tiered.evicted(),
            tiered.stats(),
            restored),
        journal.phases());
  }
}

package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobStore;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.ManifestNotes;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.LineageLife.Opened;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.upload.ForeignCollection;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a store's file notes of its tier's manifests, and which chains it continues. */
@Tag("campaign")
class ManifestNotesOfTierTest {
  private static final int BLOCK = 4096;

  @TempDir Path folder;

  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(below);
  private final BlobModel model = new BlobModel();

  private LocalBlobStore local(String name) {
    return LineageLife.local(folder.resolve(name));
  }

  private static Opened open(LocalBlobStore local, FaultyObjectStore prefix) {
    return Opened.on(local, prefix);
  }

  private Opened reopen(String name) {
    return open(local(name), objects);
  }

  private void assertRefused(String name, FaultyObjectStore prefix, String message) {
    try (LocalBlobStore local = local(name)) {
      assertThatThrownBy(() -> open(local, prefix))
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining(message);
    }
  }

  private static TierManifest newest(InMemoryObjectStore from) {
    return Objects.requireNonNull(new ManifestStore(from).latest());
  }

  private void assertTierHoldsTheModel() {
    assertThat(model.isExactly(TierState.at(below, newest(below)))).isTrue();
  }

  private static byte[] bytes(InMemoryObjectStore from, String key) {
    byte[] bytes = new byte[(int) Objects.requireNonNull(from.head(key)).length()];
    from.get(key, 0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  @Test
  void shouldNoteEachManifestBeforeItIsSentAndSettleItAfterwards() { // N1, N2
    LocalBlobStore local = local("a");
    objects.hold(request -> {
      if (request.startsWith("putIfAbsent " + TierKeys.MANIFESTS)) {
        // Where a tier calls an object store, the store refuses what would wait for it.
        ManifestNotes notes =
            CompletableFuture.supplyAsync(((TierSource) local)::manifestNotes).join();
        assertThat(request).endsWith(TierKeys.manifest(notes.sequenceMax()));
        assertThat(notes.sent()).isNotEmpty();
      }
    });
    try (Opened opened = open(local, objects)) {
      // The first claim is settled only by what follows it.
      assertThat(((TierSource) local).manifestNotes().settled()).isNull();
      for (int i = 0; i < 3; i++) {
        model.putRange(opened.store(), i, i + 5, i);
        opened.tier().checkpoint(TierProgress.NONE);
        ManifestNotes notes = ((TierSource) local).manifestNotes();
        assertThat(notes.sent()).isEmpty();
        assertThat(Objects.requireNonNull(notes.settled()).putId())
            .isEqualTo(newest(below).putId())
            .isEqualTo(newest(below).lineage());
      }
    }
  }

  @Test
  void shouldSendNothingThatCouldNotBeNoted() {
    LocalBlobStore local = local("a");
    boolean[] failing = new boolean[1];
    BlobStore store =
        (BlobStore)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {BlobStore.class, TierSource.class},
                (proxy, method, arguments) -> {
                  if (failing[0] && method.getName().equals("noteManifests")) {
                    throw new StoreFailedException("injected", false, null);
                  }
                  try {
                    return method.invoke(local, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    Tier.Builder builder = Tier.builder(store, objects).config(LineageLife.CONFIG);
    failing[0] = true;
    assertThatThrownBy(builder::open).isInstanceOf(StoreFailedException.class);
    assertThat(objects.requests()).noneMatch(request -> request.startsWith("put"));
    failing[0] = false;
    try (local;
        Tier tier = builder.open()) {
      model.putRange(local, 0, 5, 1);
      failing[0] = true;
      assertThatThrownBy(() -> tier.checkpoint(TierProgress.NONE))
          .isInstanceOf(StoreFailedException.class);
      assertThat(below.head(TierKeys.manifest(2))).isNull();
      failing[0] = false;
      tier.checkpoint(TierProgress.NONE);
      assertThat(newest(below).sequence()).isEqualTo(2);
    }
    assertTierHoldsTheModel();
  }

  @Test
  void shouldGoOnWhenAManifestOfTheProcessBeforeLandsDuringTheNextClaim() {
    LocalBlobStore first = local("a");
    InMemoryObjectStore[] then = new InMemoryObjectStore[1];
    try (Opened opened = open(first, objects)) {
      model.putRange(opened.store(), 0, 20, 1);
      String manifest = "putIfAbsent " + TierKeys.manifest(2);
      objects.hold(request -> {
        if (request.equals(manifest)) {
          LineageLife.awaitMarked(first);
          LineageLife.copy(folder.resolve("a"), folder.resolve("crashed"));
          then[0] = TierState.copy(below);
        }
      });
      opened.tier().checkpoint(TierProgress.NONE);
    }
    // The process ended while its manifest was on its way, which arrives before the claim does.
    InMemoryObjectStore after = then[0];
    FaultyObjectStore next = new FaultyObjectStore(after);
    String claim = "putIfAbsent " + TierKeys.manifest(2);
    next.hold(request -> {
      if (request.equals(claim)) {
        byte[] late = bytes(below, TierKeys.manifest(2));
        assertThat(after.putIfAbsent(TierKeys.manifest(2), ObjectBody.of(late)).stored()).isTrue();
      }
    });
    try (Opened opened = open(local("crashed"), next)) {
      assertThat(newest(after).sequence()).isEqualTo(3);
      model.putRange(opened.store(), 20, 25, 2);
      opened.tier().awaitTiered(opened.store().durableEpoch());
      assertThat(opened.tier().evict(id -> true)).isPositive();
      model.assertHeldBy(opened.store());
    }
    assertThat(model.isExactly(TierState.at(after, newest(after)))).isTrue();
    // The other way round: the claim is there first, and what is late is refused.
    assertRefused("a", next, "older than its tier");
  }

  @Test
  void shouldGoOnAfterAnyNumberOfClaimsThatWereNeverAnswered() {
    try (Opened opened = reopen("a")) {
      model.putRange(opened.store(), 0, 5, 1);
      opened.tier().checkpoint(TierProgress.NONE);
    }
    LocalBlobStore local = local("a");
    objects.fault(
        (request, key) -> request.equals("putIfAbsent") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    for (int i = 0; i < ManifestNotes.SENT_MAX + 8; i++) {
      assertThatThrownBy(() -> open(local, objects)).isInstanceOf(TierUnavailableException.class);
    }
    assertThat(((TierSource) local).manifestNotes().sent()).hasSize(ManifestNotes.SENT_MAX);
    objects.heal();
    try (Opened opened = open(local, objects)) {
      model.assertHeldBy(opened.store());
      assertThat(((TierSource) local).manifestNotes().sent()).isEmpty();
    }
    reopen("a").close();
  }

  @Test
  void shouldRefuseATierThatWasPutBackByOneManifestThatWasReliedOn() {
    InMemoryObjectStore before;
    try (Opened opened = reopen("a")) {
      model.putRange(opened.store(), 0, 5, 1);
      opened.tier().checkpoint(TierProgress.NONE);
      before = TierState.copy(below);
      model.delete(opened.store(), 2);
      opened.tier().checkpoint(TierProgress.NONE); // tombstones are dropped because of this one
    }
    assertRefused("a", new FaultyObjectStore(before), "the tier is older than this store's file");
    reopen("a").close();
  }

  @Test
  void shouldGoOnWithWhatACollectionWithoutTheStoreLeft() {
    try (Opened opened = reopen("a")) {
      for (int i = 0; i < 3; i++) {
        model.putRange(opened.store(), i, i + 5, i);
        opened.tier().checkpoint(TierProgress.NONE);
      }
    }
    LineageLife.copy(folder.resolve("a"), folder.resolve("behind"));
    reopen("a").close();
    LineageLife.copy(folder.resolve("a"), folder.resolve("level"));
    TierManifest own = newest(below);
    for (int i = 0; i < 2; i++) {
      var _ = ForeignCollection.run(below, null, LineageLife.CONFIG.collection(), false);
      assertThat(newest(below).lineage()).isEqualTo(own.putId());
    }
    assertThat(newest(below).sequence()).isGreaterThan(own.sequence() + 1);
    assertRefused("behind", objects, "older than its tier");
    try (Opened opened = reopen("a")) {
      model.putRange(opened.store(), 10, 15, 4);
      opened.tier().checkpoint(TierProgress.NONE);
      model.assertHeldBy(opened.store());
    }
    assertRefused("level", objects, "older than its tier");
    assertTierHoldsTheModel();
  }

  @Test
  void shouldLetAStoreGoBackThatOnlyClaimedAWrongPrefix() {
    FaultyObjectStore wrong = new FaultyObjectStore(new InMemoryObjectStore());
    try (Opened opened = reopen("a")) {
      model.putRange(opened.store(), 0, 5, 1);
      opened.tier().checkpoint(TierProgress.NONE);
    }
    open(local("a"), wrong).close();
    try (Opened opened = reopen("a")) {
      model.putRange(opened.store(), 5, 8, 2);
      opened.tier().checkpoint(TierProgress.NONE);
    }
    assertTierHoldsTheModel();
    // Once something was tiered there, deletes may be kept that its own tier never saw.
    FaultyObjectStore other = new FaultyObjectStore(new InMemoryObjectStore());
    try (Opened opened = open(local("a"), other)) {
      model.delete(opened.store(), 3);
      opened.tier().checkpoint(TierProgress.NONE);
    }
    assertRefused("a", objects, "prefix");
    open(local("a"), other).close();
  }

  /** Without notes there is only what the newest manifest says of the file that wrote it. */
  @Test
  void shouldRefuseAFileOfAnEarlierReleaseThatIsOlderThanItsTier() throws Exception {
    reopen("a").close();
    LineageLife.copy(folder.resolve("a"), folder.resolve("behind"));
    LineageLife.copy(folder.resolve("a"), folder.resolve("overtook"));
    for (int opens = 0; opens < 3; opens++) {
      try (Opened opened = reopen("a")) {
        model.putRange(opened.store(), opens, opens + 30, 1);
        opened.tier().checkpoint(TierProgress.NONE);
      }
    }
    OldTier.rewrite(below);
    for (String copy : new String[] {"behind", "overtook"}) {
      makeVersionOne(folder.resolve(copy + "/ashlar.data"));
    }
    for (int i = 0; i < 2; i++) { // with the next as many opens as the original had
      local("behind").close();
    }
    try (LocalBlobStore copy = local("behind")) {
      TierManifest newest = newest(below);
      assertThat(((TierSource) copy).incarnation()).isEqualTo(newest.incarnation());
      assertThat(((TierSource) copy).markedSequence()).isLessThan(newest.lastRecordSequence());
      assertThatThrownBy(() -> open(copy, objects)).hasMessageContaining("older than its tier");
      assertRepairIsRefused(copy);
    }
    try (LocalBlobStore copy = local("overtook")) { // more records, in an earlier open
      for (int i = 0; i < 20; i++) {
        new BlobModel().putRange(copy, 100, 101, i);
      }
      assertRepairIsRefused(copy);
    }
    assertRefused("overtook", objects, "file is older than its tier");
    assertTierHoldsTheModel();
  }

  private void assertRepairIsRefused(LocalBlobStore copy) {
    TierManifest before = newest(below);
    assertThatThrownBy(() ->
            Tier.builder(copy, objects)
                .repair(
                    RepairOptions.DEFAULTS.withAlone(true), TierProgress.NONE, LossListener.NONE))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("file is older than its tier");
    assertThat(newest(below)).isEqualTo(before);
  }

  @Test
  void shouldAcceptAFileAndATierOfAnEarlierReleaseOnce() throws Exception {
    try (Opened opened = reopen("a")) {
      model.putRange(opened.store(), 0, 30, 1);
      opened.tier().checkpoint(TierProgress.NONE);
    }
    assertThat(OldTier.rewrite(below)).isPositive();
    makeVersionOne(folder.resolve("a/ashlar.data"));
    LineageLife.copy(folder.resolve("a"), folder.resolve("copy"));
    LineageLife.copy(folder.resolve("a"), folder.resolve("untouched"));
    assertThat(newest(below).lineage()).isNull();
    try (LocalBlobStore local = local("a")) {
      assertThat(((TierSource) local).manifestNotes()).isEqualTo(ManifestNotes.BEFORE_NOTES);
      objects.fault(
          (request, key) -> request.equals("putIfAbsent") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
      assertThatThrownBy(() -> open(local, objects)).isInstanceOf(TierUnavailableException.class);
      assertThat(((TierSource) local).manifestNotes().complete()).isTrue();
      objects.heal();
    }
    // A crash between the first note and its manifest opens again.
    try (Opened opened = reopen("a")) {
      model.assertHeldBy(opened.store());
    }
    for (int i = 0; i < 8; i++) { // a copy that overtook the original, as the old rule saw it
      try (LocalBlobStore copy = local("copy")) {
        new BlobModel().putRange(copy, 100, 101, i);
      }
    }
    assertRefused("copy", objects, "older than its tier");
    try (Opened opened = reopen("a")) {
      model.delete(opened.store(), 4);
      opened.tier().checkpoint(TierProgress.NONE);
    }
    assertRefused("untouched", objects, "older than its tier");
    assertTierHoldsTheModel();
  }

  /** Makes of the superblocks what the first release wrote, which kept no notes. */
  private static void makeVersionOne(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer all = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at <= BLOCK; at += BLOCK) {
      all.putInt(at + 8, 1);
      all.putInt(at + 52, 1);
      for (int offset = 176; offset < BLOCK - 4; offset++) {
        all.put(at + offset, (byte) 0);
      }
      CRC32C crc = new CRC32C();
      crc.update(bytes, at, BLOCK - 4);
      all.putInt(at + BLOCK - 4, (int) crc.getValue());
    }
    Files.write(file, bytes);
  }
}

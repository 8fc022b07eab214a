package io.ashlar.tier.upload;

import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.RepairReport;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.CollectionState;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.LiveBatches;
import io.ashlar.tier.collect.SurvivingChain;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.pack.BatchPacker;
import io.ashlar.tier.pack.PackPlan;
import io.ashlar.tier.pack.Sending;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.MarkWait;
import io.ashlar.tier.prefix.RepairOpening;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.ColdReferenceCodec;
import io.ashlar.tier.readback.IdTable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Makes a damaged tier whole again, from what is left of it and what the store has.
 *
 * <p>The store knows the length and CRC-32C of each blob, local or evicted. So nothing is uncertain
 * here: a batch has the blob, the store has it, or it is lost. {@link SurvivingBatches} reads every
 * batch and keeps those that hold a part of the store's state. {@link MissingBlobs} uploads the
 * rest again. One base lists it all.
 *
 * <p><b>Invariants.</b>
 *
 * <ol>
 *   <li>R1. Until the base is committed, only the claim, the boundary and the hint are written.
 *       What is left can be restored as before. Nothing is deleted.
 *   <li>R2. The base is the state of the store after one epoch, entry by entry, without lost blobs.
 *       Every batch that it lists was read whole in this repair, or written by it.
 *   <li>R3. A lost blob is recorded: its id is in a batch that {@link CollectionState#lost} names,
 *       and the store's entry of it refers to that batch. Reading it fails, in the store and in
 *       followers. Should a batch with its bytes come back, the next repair finds it.
 *   <li>R4. No other writer can add to the chain before the base. The claim lies above every
 *       sequence that any object names, and the boundary just below the claim ({@link
 *       RepairOpening}).
 *   <li>R5. No collection deletes a batch before a repair has read it: it needs the whole chain.
 * </ol>
 *
 * <p><b>Steps, and what a crash there leaves.</b> The repair can be done again after each.
 *
 * <table>
 *   <caption>Steps</caption>
 *   <tr><th></th><th>step</th><th>after a crash here</th></tr>
 *   <tr><td>1</td><td>list manifests and batches, and find what is left of the chain; check that the
 *       tier is this store's, and that the boundary can rise</td><td>nothing</td></tr>
 *   <tr><td>2</td><td>note the claim in the store's file</td><td>a note of what was never
 *       sent</td></tr>
 *   <tr><td>3</td><td>create the claim, above everything; it says of the chain what the newest
 *       manifest that is left says</td>
 *       <td>the chain is as damaged as before. A writer whose last manifest lies before a lost one
 *       is not fenced yet</td></tr>
 *   <tr><td>4</td><td>raise the boundary to just below the claim</td>
 *       <td>all other writers are fenced. Collections find the chain damaged and delete nothing; who
 *       reads does so without a pin</td></tr>
 *   <tr><td>5</td><td>list manifests again: one that is new is another writer's, and ends the
 *       repair</td><td>as 4</td></tr>
 *   <tr><td>6</td><td>read all batches; upload what they lack; copy evicted blobs out of damaged ones; record lost blobs; check that the new batches are there</td>
 *       <td>as 4, and batches that no manifest lists; the next repair reads them, too</td></tr>
 *   <tr><td>7</td><td>note the base and create it</td>
 *       <td>if it is there, the tier is whole. It holds the unlisted batches that evicted blobs refer to, until the store refers to others. Otherwise: as 6</td></tr>
 *   <tr><td>8</td><td>write the hint</td><td>the base is found by listing, as everything else lies
 *       at or below the boundary</td></tr>
 *   <tr><td>9</td><td>move the references of evicted blobs, each on condition of its version</td>
 *       <td>some were moved. The next collection moves the rest; of lost ones the next
 *       repair</td></tr>
 *   <tr><td>10</td><td>mend damaged pins</td><td>pins whose text is damaged; they pin all the
 *       same</td></tr>
 * </table>
 *
 * <p>Thread: the tiering agent. Made for one repair. Memory: two tables of 46 to 91 bytes an id,
 * the batches read ahead, and those that are packed.
 */
final class RepairPass {
  private static final int MOVES_MAX = 8_192;

  private final TierSource source;
  private final TierObjects objects;
  private final Evidence evidence;
  private final BatchReader reader;
  private final TierWriter writer;
  private final RepairOpening.Opened opened;
  private final Sending sending;
  private final RepairWatchers watchers;

  RepairPass(
      ClaimedPrefix prefix, RepairOpening.Opened opened, Sending sending, RepairWatchers watchers) {
    this.source = prefix.source();
    this.objects = prefix.objects();
    this.evidence = prefix.evidence();
    this.reader = prefix.reader();
    this.writer = opened.writer();
    this.opened = opened;
    this.sending = sending;
    this.watchers = watchers;
  }

  /**
   * Repairs.
   *
   * @throws io.ashlar.store.FencedException if another writer took over.
   * @throws io.ashlar.store.CorruptionException if a local blob that is to be uploaded is damaged:
   *     put it again or delete it.
   * @throws StoreOpenException if there are more batches than a manifest can list.
   * @throws io.ashlar.store.TierDamagedException if a batch that was just written is not there:
   *     repair again.
   * @throws TierUnavailableException if the object store does not answer: repair again.
   */
  RepairReport run() {
    tellLostManifests();
    try (SurvivingBatches surviving = new SurvivingBatches(reader, opened, watchers);
        TierSnapshot snapshot = source.tierSnapshot();
        RepairTruth truth = new RepairTruth(snapshot)) {
      MarkWait.forEpoch(source, snapshot.epoch());
      if (source.markedEpoch() < snapshot.epoch()) {
        throw new TierUnavailableException(
            "the store does not mark its epochs, as when its disk is full: epoch="
                + snapshot.epoch(),
            null);
      }
      surviving.read(truth);
      return write(snapshot, truth, surviving);
    }
  }

  private void tellLostManifests() {
    for (SurvivingChain.LostManifests lost : opened.chain().lost()) {
      watchers.losses().onLostObject(lost.keys(), lost.reason());
    }
  }

  private long lostManifests() {
    return opened.chain().lost().stream().mapToLong(lost -> lost.through() - lost.from() + 1).sum();
  }

  /** Ends a repair that closing the agent interrupted; only closing interrupts its thread. */
  static void checkNotClosing() {
    if (Thread.currentThread().isInterrupted()) {
      throw new StoreClosedException("the tier is being closed", null);
    }
  }

  private RepairReport write(TierSnapshot snapshot, RepairTruth truth, SurvivingBatches surviving) {
    try (BlobLocations packed = new BlobLocations(List::of);
        BatchPacker packer =
            new BatchPacker(snapshot, objects, writer, packed, sending, snapshot.epoch());
        IdTable lost = new IdTable(0)) {
      MissingBlobs missing = new MissingBlobs(surviving, truth, packer);
      missing.upload(snapshot);
      long uploaded = packer.blobs();
      long uploadedBytes = packer.blobBytes();
      missing.copyEvicted();
      missing.packDeletes();
      List<BatchReference> base = new ArrayList<>(surviving.kept());
      List<BatchReference> added = packer.drain();
      base.addAll(added);
      long idsMax = Math.max(1, sending.bytesTarget() / PackPlan.entryBytes(0));
      List<String> records = missing.record(idsMax, watchers, lost);
      List<String> written = new ArrayList<>(records);
      added.forEach(batch -> written.add(batch.name()));
      // A batch that is not there would take the place of damaged ones that still have blobs.
      evidence.require(
          written.stream()
              .map(name -> Objects.requireNonNull(packed.stored(LiveBatches.number(name))))
              .toList(),
          writer);
      commit(snapshot, base, records);
      long moved = move(base, records, lost);
      return new RepairReport(
          writer.last().sequence(),
          writer.last().lastEpoch(),
          lostManifests(),
          surviving.lostBatches(),
          surviving.kept().size(),
          surviving.adopted(),
          surviving.orphans(),
          uploaded,
          uploadedBytes,
          missing.copied(),
          moved,
          lost.size());
    }
  }

  private void commit(TierSnapshot snapshot, List<BatchReference> base, List<String> records) {
    if (base.size() > TierManifest.BATCHES_MAX) {
      throw new StoreOpenException(
          "too many batches for one manifest, so the tier cannot be repaired: raise"
              + " batchBytesTarget, or tier to another prefix: batches="
              + base.size()
              + ", most="
              + TierManifest.BATCHES_MAX,
          null);
    }
    long sequence = writer.nextSequence();
    // What follows the last mark changes no blob: marks, and references of evicted ones.
    writer.appendBase(
        Math.min(snapshot.sequence(), source.markedSequence()),
        snapshot.epoch(),
        base,
        new CollectionState(
            sequence,
            sequence,
            writer.last().sequence() - 1,
            new CollectionState.Inflight(0, 0),
            new CollectionState.Names(held(base), List.of(), records),
            writer.last().collection().encryption()));
  }

  /** Batches that evicted blobs still refer to, and that the base does not list: U6. */
  private List<String> held(List<BatchReference> base) {
    LiveBatches listedNow = new LiveBatches();
    base.forEach(batch -> listedNow.add(LiveBatches.number(batch.name())));
    Set<Long> referred = new HashSet<>();
    source.forEachEvicted((change, reference) -> referred.add(reference.first()));
    List<String> held = new ArrayList<>();
    for (TierKeys.BatchName name : opened.batches()) {
      String key = TierKeys.batch(name.generation(), name.number(), name.id());
      if (!listedNow.contains(key) && referred.contains(LiveBatches.number(key))) {
        held.add(key);
      }
    }
    if (held.size() > CollectionState.NAMES_MAX) {
      throw new StoreOpenException(
          "too many damaged batches are referred to, so the tier cannot be repaired: batches="
              + held.size()
              + ", most="
              + CollectionState.NAMES_MAX,
          null);
    }
    return held;
  }

  /**
   * Has evicted blobs read back from where they are now; lost ones from their record: R3.
   *
   * @return how many of them are not lost.
   */
  private long move(List<BatchReference> base, List<String> records, IdTable lost) {
    LiveBatches listedNow = new LiveBatches();
    base.forEach(batch -> listedNow.add(LiveBatches.number(batch.name())));
    List<Eviction> moves = new ArrayList<>();
    boolean[] elsewhere = new boolean[1];
    source.forEachEvicted((change, reference) -> {
      long position = lost.find(change.id().high(), change.id().low());
      if (position >= 0) {
        String record = records.get((int) lost.first(position));
        moves.add(new Eviction(change, wholeBatch(record)));
      } else if (!listedNow.contains(reference.first())) {
        moves.add(new Eviction(change, reference));
        elsewhere[0] = true;
      }
    });
    if (elsewhere[0]) {
      try (BlobLocations locations =
          new BlobLocations(() -> new ManifestChain(List.of(writer.last())).batchesNewestFirst())) {
        while (locations.hasUnread()) {
          locations.readNext(reader, false);
        }
        moves.replaceAll(move -> {
          ColdReference found = locations.find(move.change());
          return found == null ? move : new Eviction(move.change(), found);
        });
      }
    }
    for (int i = 0; i < moves.size(); i += MOVES_MAX) {
      source.moveCold(moves.subList(i, Math.min(moves.size(), i + MOVES_MAX)));
    }
    return moves.size() - lost.size();
  }

  private static ColdReference wholeBatch(String name) {
    return ColdReferenceCodec.encode(Objects.requireNonNull(TierKeys.batchName(name)));
  }
}

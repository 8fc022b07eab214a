package io.ashlar.tier.upload;

import io.ashlar.store.BlobId;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.TierSnapshot;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.LossListener;
import io.ashlar.tier.RepairReport;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.CollectionState;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.collect.LiveBatches;
import io.ashlar.tier.collect.SurvivingChain;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.pack.BatchPacker;
import io.ashlar.tier.pack.ChangeList;
import io.ashlar.tier.pack.GroupPacker;
import io.ashlar.tier.pack.PackPlan;
import io.ashlar.tier.pack.PackThreads;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.MarkWait;
import io.ashlar.tier.prefix.RepairOpening;
import io.ashlar.tier.prefix.TierWriter;
import io.ashlar.tier.readback.BatchReader;
import io.ashlar.tier.readback.ColdReferenceCodec;
import io.ashlar.tier.readback.IdTable;
import io.ashlar.tier.readback.OrderedReads;
import io.ashlar.tier.readback.SurvivingBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Makes a damaged tier whole again, from what is left of it and what the store has.
 *
 * <p>The store knows of each blob its length and CRC-32C, local or evicted. So nothing is uncertain
 * here: a batch has the blob, the store has it, or it is lost. Every batch that is there is read
 * whole, the newest first, whether a manifest names it or not. Those that hold something of the
 * store's state are kept. What they do not hold is uploaded again, and one base lists it all.
 *
 * <p><b>Invariants.</b>
 *
 * <ol>
 *   <li>R1. Until the base is committed nothing that was there is changed but the claim, the
 *       boundary and the hint; and what is left can be restored as before. Nothing is deleted.
 *   <li>R2. The base is the state of the store after one epoch, entry by entry, but for lost blobs.
 *       Every batch that it lists was read whole in this repair, or written by it.
 *   <li>R3. A lost blob is recorded: its id is in a batch that {@link CollectionState#lost} names,
 *       and the store's entry of it refers to that batch. Reading it fails, in the store and in
 *       followers. Should a batch with its bytes come back, the next repair finds it.
 *   <li>R4. Nobody can add to the chain before the base: the claim lies above every sequence that
 *       anything speaks of, and the boundary just below the claim ({@link RepairOpening}).
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
 *   <tr><td>6</td><td>read all batches; upload what they lack; copy evicted blobs out of damaged
 *       ones; write the record of lost ones; see that what was written is there</td>
 *       <td>as 4, and batches that no manifest lists; the next repair reads them, too</td></tr>
 *   <tr><td>7</td><td>note the base and create it</td>
 *       <td>if it is there, the tier is whole, and evicted blobs may refer to batches that it does
 *       not list: it holds them until the store refers to others. Else: as 6</td></tr>
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
  private static final int BATCHES_AHEAD_MAX = 4;
  private static final long BYTES_AHEAD_MAX = 64L << 20;
  private static final int MOVES_MAX = 8_192;

  private final TierSource source;
  private final TierObjects objects;
  private final TierWriter writer;
  private final SurvivingChain chain;
  private final List<TierKeys.BatchName> batches;
  private final BatchReader reader;
  private final Executor sender;
  private final long bytesTarget;
  private final TierProgress progress;
  private final LossListener listener;
  private final Evidence evidence;

  /** What the chain says of its batches. */
  private final Map<String, BatchReference> listed = new HashMap<>();

  /** Batches that manifests of the chain name without listing them. */
  private final Set<String> named = new HashSet<>();

  /** What is read, by ordinal; null where nothing describes it. */
  private final List<Candidate> candidates = new ArrayList<>();

  /** Batches that the base lists again, the newest first. */
  private final List<BatchReference> kept = new ArrayList<>();

  private long lostManifests;
  private long lostBatches;
  private long adopted;
  private long orphans;
  private long copied;
  private long moved;

  private record Candidate(String name, @Nullable BatchReference reference) {}

  /**
   * How batches leave.
   *
   * @param sender runs what puts a batch.
   * @param bytesTarget bytes at which a batch is full.
   */
  record Sending(Executor sender, long bytesTarget) {}

  /** Who is told of a repair while it runs. */
  record Watchers(TierProgress progress, LossListener listener) {}

  RepairPass(
      TierSource source,
      TierObjects objects,
      RepairOpening.Opened opened,
      BatchReader reader,
      Sending sending,
      Watchers watchers,
      Evidence evidence) {
    this.source = source;
    this.objects = objects;
    this.writer = opened.writer();
    this.chain = opened.chain();
    this.batches = opened.batches();
    this.reader = reader;
    this.sender = sending.sender();
    this.bytesTarget = sending.bytesTarget();
    this.progress = watchers.progress();
    this.listener = watchers.listener();
    this.evidence = evidence;
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
    tellLost();
    try (TierSnapshot snapshot = source.tierSnapshot();
        RepairTruth truth = new RepairTruth(snapshot);
        IdTable last = new IdTable(0)) {
      MarkWait.forEpoch(source, snapshot.epoch());
      if (source.markedEpoch() < snapshot.epoch()) {
        throw new TierUnavailableException(
            "the store does not mark its epochs, as when its disk is full: epoch="
                + snapshot.epoch(),
            null);
      }
      readBatches(truth, last);
      return write(snapshot, truth, last);
    }
  }

  private void tellLost() {
    for (SurvivingChain.LostManifests lost : chain.lost()) {
      lostManifests += lost.through() - lost.from() + 1;
      listener.onLostObject(lost.keys(), lost.reason());
    }
    for (TierManifest manifest : chain.survivors()) {
      manifest.batches().forEach(batch -> listed.put(batch.name(), batch));
      named.addAll(manifest.collection().held());
      named.addAll(manifest.collection().pendingDeletes());
      named.addAll(manifest.collection().lost());
    }
    Set<String> there = new HashSet<>();
    for (TierKeys.BatchName name : batches.reversed()) {
      String key = TierKeys.batch(name.generation(), name.number(), name.id());
      there.add(key);
      candidates.add(new Candidate(key, listed.get(key)));
    }
    for (String key : listed.keySet()) {
      if (!there.contains(key)) {
        lostBatches++;
        listener.onLostObject(key, "batch is missing");
      }
    }
  }

  /**
   * Reads every batch, the newest first, and decides which are kept.
   *
   * @param last filled with the last entry of each id in the batches that are kept: first is 1 if
   *     it is what the store has.
   */
  private void readBatches(RepairTruth truth, IdTable last) {
    List<OrderedReads.Read<SurvivingBatch>> reads = new ArrayList<>();
    long bytes = 0;
    for (Candidate candidate : candidates) {
      BatchReference reference = candidate.reference();
      bytes += reference == null ? 0 : reference.uncompressedBytes();
      reads.add(
          reference == null
              ? new OrderedReads.Read<>(
                  BYTES_AHEAD_MAX / 2, () -> SurvivingBatch.read(reader, candidate.name()))
              : new OrderedReads.Read<>(
                  reference.uncompressedBytes(), () -> SurvivingBatch.read(reader, reference)));
    }
    progress.onTotal(candidates.size(), bytes);
    try (OrderedReads<SurvivingBatch> ahead =
        new OrderedReads<>(reads, BATCHES_AHEAD_MAX, BYTES_AHEAD_MAX)) {
      long bytesRead = 0;
      for (int ordinal = 0; ordinal < candidates.size(); ordinal++) {
        checkNotClosing();
        SurvivingBatch batch = ahead.next();
        try {
          sort(ordinal, batch, truth, last);
        } finally {
          ahead.free(batch);
        }
        BatchReference reference = candidates.get(ordinal).reference();
        bytesRead += reference == null ? 0 : reference.uncompressedBytes();
        progress.onProgress(ordinal + 1L, bytesRead);
      }
    }
  }

  private static void checkNotClosing() {
    if (Thread.currentThread().isInterrupted()) { // only closing interrupts the agent
      throw new StoreClosedException("the tier is being closed", null);
    }
  }

  private void sort(int ordinal, SurvivingBatch batch, RepairTruth truth, IdTable last) {
    boolean isListed = listed.containsKey(batch.name());
    BatchReference reference = batch.reference();
    boolean puts = reference != null && reference.kind() == BatchReference.Kind.PUTS;
    long[] useful = new long[1];
    if (puts) {
      batch.forEach((high, low, bodyOffset, length, crc, data) -> {
        boolean isBlob = data != null && truth.isBlob(high, low, length, crc);
        useful[0] += isBlob && last.find(high, low) < 0 ? 1 : 0;
        if (isBlob && truth.place(high, low) < 0) {
          truth.setPlace(high, low, ordinal);
        }
      });
    }
    if (batch.isWhole() && useful[0] > 0 && reference != null) {
      batch.forEach((high, low, bodyOffset, length, crc, data) ->
          last.putIfAbsent(high, low, truth.isBlob(high, low, length, crc) ? 1 : 0, 0));
      kept.add(reference);
      adopted += isListed ? 0 : 1;
    }
    if (isListed && !batch.isWhole()) {
      lostBatches++;
      listener.onLostObject(
          batch.name(), String.valueOf(Objects.requireNonNull(batch.damage()).getMessage()));
    } else if (!isListed && !named.contains(batch.name())) {
      boolean isAdopted = !kept.isEmpty() && kept.getLast().equals(reference);
      orphans += isAdopted ? 0 : 1;
      listener.onOrphan(batch.name(), isAdopted);
    }
  }

  private static boolean isHeld(IdTable last, long high, long low) {
    long position = last.find(high, low);
    return position >= 0 && last.first(position) == 1;
  }

  private RepairReport write(TierSnapshot snapshot, RepairTruth truth, IdTable last) {
    try (BlobLocations packed = new BlobLocations(List::of);
        BatchPacker packer =
            new BatchPacker(
                snapshot, objects, writer, packed, sender, bytesTarget, snapshot.epoch());
        IdTable lost = new IdTable(0)) {
      upload(snapshot, packer, last);
      long uploaded = packer.blobs();
      long uploadedBytes = packer.blobBytes();
      copyEvicted(packer, truth, last);
      packDeletes(packer, truth, last);
      List<BatchReference> base = new ArrayList<>(kept.reversed());
      List<BatchReference> added = packer.drain();
      base.addAll(added);
      List<String> records = record(packer, truth, last, lost);
      List<String> written = new ArrayList<>(records);
      added.forEach(batch -> written.add(batch.name()));
      // A batch that is not there would take the place of damaged ones that still have blobs.
      evidence.require(
          written.stream()
              .map(name -> Objects.requireNonNull(packed.stored(LiveBatches.number(name))))
              .toList(),
          writer);
      commit(snapshot, base, records);
      move(base, records, lost);
      return new RepairReport(
          writer.last().sequence(),
          writer.last().lastEpoch(),
          lostManifests,
          lostBatches,
          kept.size(),
          adopted,
          orphans,
          uploaded,
          uploadedBytes,
          copied,
          moved,
          lost.size());
    }
  }

  /** Uploads what is local and in no batch that is kept. */
  private void upload(TierSnapshot snapshot, BatchPacker packer, IdTable last) {
    try (ChangeList changes = new ChangeList()) {
      snapshot.forEachChange(
          0,
          change -> {
            if (change.kind() == BlobChange.Kind.STORED
                && !isHeld(last, change.id().high(), change.id().low())) {
              changes.add(change);
            }
          });
      if (changes.size() == 0) {
        return;
      }
      changes.sort();
      try (PackThreads threads = packer.threads(changes)) {
        threads.forEach(
            new PackThreads.Receiver() {
              @Override
              public void onGroup(PackPlan.Group group, GroupPacker made) {
                checkNotClosing();
                packer.append(changes, group, made);
              }

              @Override
              public void onDirect(long change) {
                checkNotClosing();
                packer.put(changes.get(change));
              }
            });
      }
    }
  }

  /** Copies evicted blobs out of batches that are not kept, or that hide them. */
  private void copyEvicted(BatchPacker packer, RepairTruth truth, IdTable last) {
    Set<Integer> from = new HashSet<>();
    truth.forEach((high, low, length, crc, stored, place) -> {
      if (!stored && place >= 0 && !isHeld(last, high, low)) {
        from.add(place);
      }
    });
    for (int ordinal : from.stream().sorted().toList()) {
      checkNotClosing();
      Candidate candidate = candidates.get(ordinal);
      BatchReference reference = candidate.reference();
      try (SurvivingBatch batch =
          reference == null
              ? SurvivingBatch.read(reader, candidate.name())
              : SurvivingBatch.read(reader, reference)) {
        batch.forEach((high, low, bodyOffset, length, crc, data) -> {
          boolean wanted =
              truth.isBlob(high, low, length, crc)
                  && !truth.isStored(high, low)
                  && truth.place(high, low) == ordinal
                  && !isHeld(last, high, low);
          if (data != null && wanted) {
            packer.copy(
                new BlobChange(new BlobId(high, low), 0, BlobChange.Kind.STORED, length, crc, 0),
                data);
            last.put(high, low, 1, 0);
            copied++;
          }
        });
      }
    }
  }

  /** Deletes in the tier what the batches that are kept bring, and the store does not have. */
  private static void packDeletes(BatchPacker packer, RepairTruth truth, IdTable last) {
    last.forEach((high, low, isBlob, _) -> {
      boolean uploaded = isBlob == 0 && truth.isLive(high, low) && truth.isStored(high, low);
      if (isBlob == 0 && !uploaded) {
        packer.delete(new BlobChange(new BlobId(high, low), 0, BlobChange.Kind.DELETED, 0, 0, 0));
      }
    });
  }

  /**
   * Writes the ids of lost blobs into batches that are not part of the state.
   *
   * @param lost filled with these ids; first is the place in the list of the batch that names it.
   * @return the names of these batches.
   */
  private List<String> record(BatchPacker packer, RepairTruth truth, IdTable last, IdTable lost) {
    List<String> records = new ArrayList<>();
    long idsMax = Math.max(1, bytesTarget / PackPlan.entryBytes(0));
    long[] packed = new long[1];
    truth.forEach((high, low, length, crc, stored, place) -> {
      if (stored || isHeld(last, high, low)) {
        return;
      }
      BlobId id = new BlobId(high, low);
      listener.onLostBlob(id, length, 0);
      if (packed[0] == idsMax) {
        packer.drain().forEach(batch -> records.add(batch.name()));
        packed[0] = 0;
      }
      packer.delete(new BlobChange(id, 0, BlobChange.Kind.DELETED, 0, 0, 0));
      lost.put(high, low, records.size(), 0);
      packed[0]++;
    });
    packer.drain().forEach(batch -> records.add(batch.name()));
    return records;
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
    for (TierKeys.BatchName name : batches) {
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

  /** Has evicted blobs read back from where they are now; lost ones from their record: R3. */
  private void move(List<BatchReference> base, List<String> records, IdTable lost) {
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
    moved = moves.size() - lost.size();
  }

  private static ColdReference wholeBatch(String name) {
    return ColdReferenceCodec.encode(Objects.requireNonNull(TierKeys.batchName(name)));
  }
}

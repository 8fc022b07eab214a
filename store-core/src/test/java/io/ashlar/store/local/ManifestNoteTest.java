package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.StoreFailedException;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.CrashImages;
import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.format.Superblock;
import io.ashlar.store.format.SuperblockFormat;
import io.ashlar.store.local.ScriptedStore.Change;
import io.ashlar.store.spi.ManifestNotes;
import io.ashlar.store.spi.ManifestNotes.Note;
import io.ashlar.uring.Errno;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What a store notes of its tier's manifests is durable before the manifest is sent (L32). */
class ManifestNoteTest {

  private static final long SEED = 20_260_721;
  private static final int CRC_OFFSET = Blocks.BYTES - 4;

  private static Note note(long sequence) {
    return new Note(sequence, new UUID(sequence, ~sequence));
  }

  private static ManifestNotes notesIn(BlockImage image) {
    try (StoreLife.Opened opened = StoreLife.openOn(SimulatedDisk.of(image), SEED)) {
      return opened.store().manifestNotes();
    }
  }

  /** Notes manifests one after another, among them some that stay open, and some settled. */
  private static List<ManifestNotes> noteSome(DataFileStore store, SimulatedDisk disk) {
    List<ManifestNotes> all = new ArrayList<>(List.of(store.manifestNotes()));
    for (long i = 1; i <= 4; i++) {
      long sequence = i;
      store.noteManifests(
          notes -> notes.sending(sequence == 1 ? null : note(sequence - 1), note(sequence)));
      disk.mark(all.size());
      all.add(store.manifestNotes());
    }
    store.noteManifests(notes -> notes.settled(note(4)));
    disk.mark(all.size());
    all.add(store.manifestNotes());
    return all;
  }

  @Test
  void shouldLeaveTheNotesBeforeOrAfterWhereverACrashComes() {
    SimulatedDisk disk = new SimulatedDisk();
    List<ManifestNotes> all;
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      disk.mark(0);
      all = noteSome(opened.store(), disk);
    }
    Set<ManifestNotes> found = new HashSet<>();
    long[] images = new long[1];
    long _ =
        CrashImages.forEach(
            disk,
            false,
            SEED,
            8,
            crash -> {
              if (crash.marks().isEmpty()) {
                return; // the store is being made
              }
              int acknowledged = (int) crash.marks().getLast();
              ManifestNotes notes = notesIn(crash.image());
              int last = Math.min(acknowledged + 1, all.size() - 1);
              assertThat(all.subList(acknowledged, last + 1)).as("%s", crash).contains(notes);
              found.add(notes);
              images[0]++;
            });
    System.out.println("notes of manifests, crashes: " + images[0] + ", found=" + found.size());
    assertThat(found).containsAll(all);
  }

  @Test
  void shouldFindTheNotesInEitherSuperblockCopyWhenTheOtherIsDamaged() {
    SimulatedDisk disk = new SimulatedDisk();
    ManifestNotes last;
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      last = noteSome(opened.store(), disk).getLast();
    }
    for (int copy = 0; copy < SuperblockFormat.COPIES; copy++) {
      for (int offset = 0; offset < Blocks.BYTES; offset += 509) {
        BlockImage damaged = disk.image().copy();
        damaged.flipBit(Blocks.offset(copy) + offset, offset % 8);
        assertThat(notesIn(damaged)).as("copy %d, offset %d", copy, offset).isEqualTo(last);
      }
    }
  }

  @Test
  void shouldKeepTheNotesThroughIndexCheckpointsOpensAndDamageToTheNewerOne() {
    ManifestNotes last;
    BlockImage image;
    try (ScriptedStore scripted = ScriptedStore.create()) {
      last = noteSome(scripted.store(), scripted.disk).getLast();
      for (int flips = 0; flips < 3; flips++) {
        while (!scripted.checkpointIsDue()) {
          scripted.commit(Change.put(1, 1));
        }
        scripted.runCheckpoint();
        assertThat(scripted.store().manifestNotes()).isEqualTo(last);
      }
      image = scripted.disk.image();
    }
    assertThat(notesIn(image.copy())).isEqualTo(last);
    Superblock newer = superblock(image, 0);
    if (superblock(image, 1).generation() > newer.generation()) {
      newer = superblock(image, 1);
    }
    BlockImage damaged = image.copy();
    damaged.flipBit(Blocks.offset(newer.checkpoint().start()) + 80, 1);
    assertThat(notesIn(damaged)).isEqualTo(last);
  }

  @Test
  void shouldPoisonAndNoteNothingWhenANoteCannotBeWritten() {
    for (int failing = 0; failing < 2; failing++) {
      SimulatedDisk disk = new SimulatedDisk();
      ManifestNotes before;
      try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
        DataFileStore store = opened.store();
        store.noteManifests(notes -> notes.sending(null, note(1)));
        before = store.manifestNotes();
        disk.fail(InjectedFailure.change(disk.changeCount() + failing, Errno.EIO, false));
        assertThatThrownBy(() -> store.noteManifests(notes -> notes.sending(note(1), note(2))))
            .isInstanceOf(StoreFailedException.class);
        long changes = disk.changeCount();
        assertThat(store.stats().failed()).isTrue();
        assertThatThrownBy(() -> store.noteManifests(notes -> notes.settled(note(1))))
            .isInstanceOf(StoreFailedException.class);
        assertThat(disk.changeCount()).as("L24").isEqualTo(changes);
      }
      disk.heal();
      assertThat(notesIn(disk.image())).isIn(before, before.sending(note(1), note(2)));
    }
  }

  @Test
  void shouldWriteNothingWhenTheNotesStayAsTheyAre() {
    SimulatedDisk disk = new SimulatedDisk();
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      long changes = disk.changeCount();
      opened.store().noteManifests(notes -> notes);
      assertThat(disk.changeCount()).isEqualTo(changes);
    }
  }

  @Test
  void shouldOpenAStoreOfVersionOneAndMakeItVersionTwo() {
    for (boolean tiered : new boolean[] {true, false}) {
      SimulatedDisk disk = new SimulatedDisk();
      try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
        if (tiered) {
          opened.store().markTiered();
        }
      }
      BlockImage image = disk.image();
      makeVersionOne(image);
      SimulatedDisk old = SimulatedDisk.of(image);
      try (StoreLife.Opened opened = StoreLife.openOn(old, SEED)) {
        assertThat(opened.store().manifestNotes())
            .isEqualTo(tiered ? ManifestNotes.BEFORE_NOTES : ManifestNotes.NONE);
      }
      BlockImage upgraded = old.image();
      for (int copy = 0; copy < SuperblockFormat.COPIES; copy++) {
        byte[] block = block(upgraded, copy);
        // What an earlier release compares with 1, and refuses by number.
        assertThat(block[8]).isEqualTo((byte) 2);
      }
      assertThat(notesIn(upgraded))
          .isEqualTo(tiered ? ManifestNotes.BEFORE_NOTES : ManifestNotes.NONE);
    }
  }

  private static void makeVersionOne(BlockImage image) {
    for (int copy = 0; copy < SuperblockFormat.COPIES; copy++) {
      byte[] bytes = block(image, copy);
      MemorySegment block = MemorySegment.ofArray(bytes);
      block.set(ValueLayout.JAVA_INT_UNALIGNED, 8, 1);
      block.set(
          ValueLayout.JAVA_INT_UNALIGNED,
          CRC_OFFSET,
          Checksum.crc32c(block.asSlice(0, CRC_OFFSET)));
      image.write(Blocks.offset(copy), bytes, 0, Blocks.BYTES);
    }
  }

  private static byte[] block(BlockImage image, int copy) {
    byte[] bytes = new byte[Blocks.BYTES];
    var _ = image.read(Blocks.offset(copy), MemorySegment.ofArray(bytes));
    return bytes;
  }

  private static Superblock superblock(BlockImage image, int copy) {
    Superblock superblock =
        SuperblockFormat.decode(MemorySegment.ofArray(block(image, copy)), copy);
    assertThat(superblock).isNotNull();
    return superblock;
  }
}

package io.ashlar.store.local;

import static org.assertj.core.api.Assumptions.assumeThat;

import io.ashlar.store.commit.epoch.RepeatedIdsTest;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Plants bugs in the read path and sees that its scenarios find each. */
@Tag("campaign")
@Timeout(300)
class PlantedReadBugsTest {

  @TempDir Path folder;

  /** A bug and the test that finds it. */
  record Planted(Class<?> test, String scenario, PlantedBug bug) {

    @Override
    public String toString() {
      return bug.name();
    }
  }

  private static Planted scenario(
      String method, String name, String file, String right, String wrong) {
    return new Planted(ReadScenariosTest.class, method, PlantedBug.of(name, file, right, wrong));
  }

  private static Planted range(
      String method, String name, String file, String right, String wrong) {
    return new Planted(RangedReadTest.class, method, PlantedBug.of(name, file, right, wrong));
  }

  private static Planted cache(
      String method, String name, String file, String right, String wrong) {
    return new Planted(BlobCacheTest.class, method, PlantedBug.of(name, file, right, wrong));
  }

  static Stream<Planted> bugs() {
    String damage = "shouldFindDamageWhateverTheForm";
    String pieces = "shouldReadAgainWhatWasReplacedWhileItsTableOrItsPiecesWereRead";
    String range = "read/RangeRead.java";
    String unchanged = "    if (!isUnchanged(context, id)) {\n      return false;\n    }\n";
    return Stream.of(
        scenario(
            "shouldReadAgainWhatWasReplacedWhileAPartOfItWasCopied",
            "a part is judged though its entry has changed (L21)",
            "read/Judgement.java",
            "if (!lookup.isUnchanged(id.high(), id.low(), location, now)) {",
            "if (false) {"),
        scenario(
            pieces,
            "a checksum table is judged though its entry has changed (L21)",
            range,
            unchanged + "    long tableBlock",
            "    long tableBlock"),
        scenario(
            pieces,
            "pieces are judged though their entry has changed (L21)",
            range,
            "      if (!isUnchanged(context, id)) {\n        return false;\n      }\n",
            ""),
        scenario(
            "shouldTakeAReadThatIsShortForDamageWhateverTheForm",
            "a read for a listener may be short",
            "read/ExtentReads.java",
            "failure == null && request.bytesRead() < location.lengthBytes()",
            "false"),
        scenario(
            "shouldReadAgainWhatWasReplacedWhileItWasCopied",
            "a copy is judged though its entry has changed (L21)",
            "read/Judgement.java",
            "if (!lookup.isUnchanged(id.high(), id.low(), location, now)) {",
            "if (false) {"),
        scenario(
            "shouldReadAgainWhatWasReplacedWhileItWasLent",
            "a lease is judged though its entry has changed (L21)",
            "read/Judgement.java",
            "if (!lookup.isUnchanged(id.high(), id.low(), location, now)) {",
            "if (false) {"),
        scenario(
            "shouldReadAgainForAListenerWhatWasReplaced",
            "a listener is told of an entry that has changed (L21)",
            "read/Judgement.java",
            "if (!lookup.isUnchanged(id.high(), id.low(), location, now)) {",
            "if (false) {"),
        scenario(
            "shouldReadAgainInABatchWhatWasReplaced",
            "a batch shows an entry that has changed (L21)",
            "read/Judgement.java",
            "if (!lookup.isUnchanged(id.high(), id.low(), location, now)) {",
            "if (false) {"),
        scenario(
            damage,
            "the checksum of a blob is not compared (G4)",
            "read/Judgement.java",
            "if (actual != location.crc32c()) {",
            "if (false) {"),
        new Planted(
            ReadBackAgainTest.class,
            "shouldAskTheTierOnceMoreBeforeABlobIsDamaged",
            PlantedBug.of(
                "the checksum of a blob that is read back is not compared (G4)",
                "read/WholeRead.java",
                "return passes(id, context, null, actual);",
                "return isUnchanged(id, context);")),
        scenario(
            "shouldReadIntoShorterAndLongerPartsOfOneTarget",
            "a view of a target is taken for that of a longer one",
            "read/ReadContext.java",
            "        && last.target.byteSize() == target.byteSize()\n",
            ""),
        scenario(
            damage,
            "the checksum of a blob read for a listener is not compared (G4)",
            "read/Judgement.java",
            "if (actual != location.crc32c()) {",
            "if (false) {"),
        scenario(
            damage,
            "the checksum of a blob in a batch is not compared (G4)",
            "read/Judgement.java",
            "if (actual != location.crc32c()) {",
            "if (false) {"),
        range(
            "shouldFailOnlyRangesThatTouchDamage",
            "the checksums of a range's pieces are not compared (G4)",
            "read/RangeRead.java",
            "if ((int) crc.getValue() != wanted) {",
            "if (false) {"),
        range(
            "shouldFindADamagedTable",
            "a checksum table is not compared with the entry (G4)",
            "read/RangeRead.java",
            "if (folded != location.crc32c()) {",
            "if (false) {"),
        range(
            "shouldFindADamagedTable",
            "verify does not look at checksum tables",
            "recover/BlobCheck.java",
            "(!table || tableMatches(",
            "(true || tableMatches("),
        range(
            "shouldHaveATableFromOneMebibyteOnWhicheverWayItIsWritten",
            "a value is placed over the table of the one before it (G13)",
            "commit/epoch/EpochBuffer.java",
            "next += OperationFormat.blocks(operations, offset);",
            "next += (OperationFormat.length(operations, offset) + 4095) / 4096;"),
        range(
            "shouldHaveATableFromOneMebibyteOnWhicheverWayItIsWritten",
            "the table of a value that fills its buffer is not filled in",
            "commit/epoch/EpochValues.java",
            "memory(apart ? buffer + 1 : buffer)",
            "(apart ? MemorySegment.ofArray(new byte[4096]) : memory(buffer))"),
        range(
            "shouldKeepTheTableOfABlobThatIsMoved",
            "a relocation forgets the checksum table (G13)",
            "index/BlobIndex.java",
            "        current.hasTable());",
            "        false);"),
        range(
            "shouldFindTheTableAgainAfterReplayACheckpointAndAVacuum",
            "an index checkpoint forgets the checksum table (G13)",
            "index/EntryTable.java",
            ": (long) LONG.getOpaque(chunk, offset + CONTENT);",
            ": (long) LONG.getOpaque(chunk, offset + CONTENT) & ~EntryFormat.TABLE;"),
        cache(
            "shouldServeNothingThatWasReplacedOrDeleted",
            "a cached blob is served whatever the index says (L21)",
            "read/cache/BlobCache.java",
            "if (!blob.isOf(entry)) {",
            "if (false) {"),
        cache(
            "shouldNeverUseTheMemoryOfABlobThatIsLent",
            "the memory of a cached blob goes back while somebody reads it",
            "read/cache/CachedBlob.java",
            "if (before == 1) {",
            "if (before == 2) {"),
        cache(
            "shouldNeverUseTheMemoryOfABlobThatIsLent",
            "the memory of a cached blob never goes back",
            "read/cache/CachedBlob.java",
            "      memory.free(start, blocks);\n",
            ""),
        new Planted(
            LinearizabilityTest.class,
            "shouldBeLinearizableWithACache",
            PlantedBug.of(
                "a cached blob is served whatever the index says, under load (L21)",
                "read/cache/BlobCache.java",
                "if (!blob.isOf(entry)) {",
                "if (false) {")),
        new Planted(
            LinearizabilityTest.class,
            "shouldBeLinearizableWithoutACache",
            PlantedBug.of(
                "a listener is told that a blob is missing when it was replaced meanwhile",
                "read/AsyncGet.java",
                "      again();\n    }",
                "      tell(BlobReads.NOT_FOUND, null);\n    }")),
        scenario(
            "shouldReadAgainWhatWasReplacedWhileItWasCopied",
            "an entry is taken to be unchanged when there is one (L21)",
            "index/BlobLookup.java",
            "find(idHigh, idLow, now) && now.sameAs(known);",
            "find(idHigh, idLow, now);"),
        new Planted(
            RepeatedIdsTest.class,
            "shouldShowOnlyTheLastOfSeveralAndEndAsReplayDoes",
            PlantedBug.of(
                "what an epoch does to one id is visible step by step (G1)",
                "index/OperationApplier.java",
                "marks[i] == 0",
                "marks[i] >= 0")),
        new Planted(
            ReadOnlyStoreTest.class,
            "shouldWriteNothingToWhatItLooksAt",
            PlantedBug.of(
                "who only looks at a store writes its fence",
                "recover/Recovery.java",
                "    if (fenced) {",
                "    if (true) {")),
        new Planted(
            ReadOnlyStoreTest.class,
            "shouldVerifyInPartsThatCoverEverythingOnce",
            PlantedBug.of(
                "a verification that is gone on with begins anew",
                "recover/Verifier.java",
                "    cursor = options.cursor();\n",
                "")));
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void shouldBeFoundByItsScenario(Planted planted) throws Exception {
    assumeThat(planted.bug().isTried()).isTrue();
    Throwable found = planted.bug().tryTest(folder, planted.test(), planted.scenario());
    PlantedBug.assertFound(planted, found);
  }
}

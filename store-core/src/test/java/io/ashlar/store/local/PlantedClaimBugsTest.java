package io.ashlar.store.local;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Guards of {@link ClaimsTest} and {@link ClaimBoundsTest} fail with the bug planted that each is
 * there for.
 */
class PlantedClaimBugsTest {

  private static final String BUFFER = "commit/epoch/EpochBuffer.java";
  private static final String CLAIMS = "commit/epoch/EpochClaims.java";

  @TempDir Path folder;

  /** A test and a bug that it finds. */
  record Planted(Class<?> type, String test, PlantedBug bug) {
    @Override
    public String toString() {
      return test + ": " + bug.name();
    }
  }

  private static Planted planted(
      Class<?> type, String test, String name, String file, String right, String wrong) {
    return new Planted(type, test, PlantedBug.of(name, file, right, wrong));
  }

  static List<Planted> bugs() {
    return List.of(
        planted(
            ClaimsTest.class,
            "shouldKeepEveryClaimUntilTheCommit",
            "a claim's checksum is computed as it is claimed",
            CLAIMS,
            "    noteOpen(bytes, count++, 1);\n",
            """
                noteOpen(bytes, count++, 1);
                seal(bytes, count - 1);
                addresses[count - 1] = ENDED;
            """),
        planted(
            ClaimsTest.class,
            "shouldStayOpenWhereAListenerFindsTheQueueFull",
            "a commit that is refused has ended the claims",
            BUFFER,
            "    claims.reopen();\n",
            ""),
        planted(
            ClaimBoundsTest.class,
            "shouldWriteAheadWhatIsPutWhileClaimsAreOpen",
            "open claims are written ahead",
            CLAIMS,
            "return openIn[buffer] > 0 && !sealed;",
            "return false;"),
        planted(
            ClaimBoundsTest.class,
            "shouldWriteAheadWhatIsPutWhileClaimsAreOpen",
            "an open claim does not keep the buffer of its table",
            CLAIMS,
            "    if (isTableApart(bytes, claim)) {\n",
            "    if (false) {\n"),
        planted(
            ClaimBoundsTest.class,
            "shouldLeaveAQuarterOfThePoolToOthersThanClaims",
            "claims that were committed count for ever",
            CLAIMS,
            "      quota.giveBack(countedBytes);\n",
            ""),
        planted(
            ClaimsTest.class,
            "shouldCatchAWriteAfterTheEndOfAClaim",
            "checks do not end the memory of claims that were committed",
            "commit/EpochWriter.java",
            "      } else {\n        guards.endAll();\n      }\n",
            "      }\n"));
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void shouldBeFound(Planted planted) throws Exception {
    assumeThat(planted.bug().isTried()).isTrue();
    PlantedBug.assertFound(planted, planted.bug().tryTest(folder, planted.type(), planted.test()));
  }
}

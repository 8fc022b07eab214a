package io.ashlar.tier;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.ObjectInputStream;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Imports in the tier flow one way, from the top of {@link #LEVELS} to the bottom. The packages of
 * one level do not know each other.
 *
 * <p>The front is {@link Tier} and {@link ObjectStores}. The other classes of the root package
 * (settings, reports, progress) import nothing of the tier, and anything may use them.
 */
@Tag("campaign")
class ImportsTest {
  private static final String ROOT = "io.ashlar.tier";

  /** The packages below {@link #ROOT}; each uses those of the levels after its own, or some. */
  private static final List<Set<String>> LEVELS =
      List.of(
          Set.of("upload", "restore", "follow"),
          Set.of("pack"),
          Set.of("prefix"),
          Set.of("collect"),
          Set.of("readback"),
          Set.of("checkpoint", "laminar"),
          Set.of("batch"),
          Set.of("object.s3"),
          Set.of("object.probe"),
          Set.of("object.directory", "object.retry", "marked", "json"),
          Set.of("object.request", "key"),
          Set.of("object"));

  private static final DescribedPredicate<JavaClass> FRONT =
      belongToAnyOf(Tier.class, Tier.Builder.class, ObjectStores.class);

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  private static String name(String subpackage) {
    return ROOT + "." + subpackage;
  }

  @Test
  void shouldFlowOneWay() {
    Set<String> above = new TreeSet<>();
    for (Set<String> level : LEVELS) {
      level.stream().map(ImportsTest::name).forEach(above::add);
      for (String subpackage : level) {
        String name = name(subpackage);
        String[] others = above.stream().filter(each -> !each.equals(name)).toArray(String[]::new);
        noClasses()
            .that()
            .resideInAPackage(name)
            .should()
            .dependOnClassesThat(resideInAnyPackage(others).or(FRONT))
            .check(CLASSES);
      }
    }
  }

  @Test
  void shouldKnowEveryPackage() {
    Set<String> known = new TreeSet<>(Set.of(ROOT));
    LEVELS.forEach(level -> level.stream().map(ImportsTest::name).forEach(known::add));
    Set<String> there = new TreeSet<>();
    CLASSES.forEach(each -> there.add(each.getPackageName()));
    assertThat(there).isEqualTo(known);
  }

  @Test
  void shouldKeepValuesFreeOfAllElse() {
    noClasses()
        .that(resideInAPackage(ROOT).and(not(FRONT)))
        .should()
        .dependOnClassesThat(resideInAPackage(ROOT + ".*..").or(FRONT))
        .check(CLASSES);
  }

  /** Everything else takes an object store as its contract says it is. */
  @Test
  void shouldOpenObjectStoresInOnePlace() {
    noClasses()
        .that(
            resideInAPackage(ROOT + "..")
                .and(not(belongToAnyOf(ObjectStores.class)))
                .and(not(resideInAPackage(ROOT + ".object.."))))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(name("object.s3"), name("object.directory"))
        .check(CLASSES);
  }

  /** LaminarDB's own layout stands beside the tier: nothing here is built on it. */
  @Test
  void shouldUseNothingOfLaminar() {
    noClasses()
        .that()
        .resideOutsideOfPackage(name("laminar"))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(name("laminar"))
        .check(CLASSES);
  }

  @Test
  void shouldUseNothingOfTheStoreButItsApiAndItsServiceInterface() {
    noClasses()
        .that()
        .resideInAPackage("io.ashlar.tier..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("io.ashlar..")
                .and(not(resideInAPackage("io.ashlar.tier..")))
                .and(not(resideInAPackage("io.ashlar.store")))
                .and(not(resideInAPackage("io.ashlar.store.settings")))
                .and(not(resideInAPackage("io.ashlar.store.spi"))))
        .check(CLASSES);
  }

  @Test
  void shouldLeaveLoggingAndStorageClientsToTheObjectPackage() {
    noClasses()
        .that(
            resideInAPackage("io.ashlar.tier..")
                .and(not(resideInAPackage("io.ashlar.tier.object.."))))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("software.amazon..", "org.slf4j..")
        .check(CLASSES);
  }

  /** What a logger throws must break nothing, and what it calls is a callback. */
  @Test
  void shouldLogThroughTheServiceInterface() {
    noClasses().should().callMethod(System.class, "getLogger", String.class).check(CLASSES);
  }

  @Test
  void shouldDeserialiseNoJavaObjects() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .areAssignableTo(ObjectInputStream.class)
        .orShould()
        .callMethodWhere(
            target(nameMatching("activateDefaultTyping|enableDefaultTyping|readObject"))
                .and(target(owner(not(resideInAPackage("io.ashlar.."))))))
        .check(CLASSES);
  }
}

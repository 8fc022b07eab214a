package io.ashlar.tier;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.ObjectInputStream;
import org.junit.jupiter.api.Test;

/**
 * Imports in the tier flow one way:
 *
 * <pre>
 * cli → TieredBlobStore → {upload, restore} → gc → fetch → checkpoint → batch → object
 * </pre>
 *
 * <p>upload and restore do not know each other. The values of the root package (settings, reports,
 * progress) import nothing of the tier, and anything may use them.
 */
class ImportsTest {
  private static final DescribedPredicate<JavaClass> FRONT =
      belongToAnyOf(TieredBlobStore.class, TieredBlobStore.Builder.class);

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.ashlar.tier");

  @Test
  void shouldFlowOneWay() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .optionalLayer("cli")
        .definedBy("io.ashlar.tier.cli..")
        .layer("front")
        .definedBy(FRONT)
        .layer("upload")
        .definedBy("io.ashlar.tier.upload..")
        .layer("restore")
        .definedBy("io.ashlar.tier.restore..")
        .layer("follow")
        .definedBy("io.ashlar.tier.follow..")
        .layer("gc")
        .definedBy("io.ashlar.tier.gc..")
        .layer("fetch")
        .definedBy("io.ashlar.tier.fetch..")
        .layer("checkpoint")
        .definedBy("io.ashlar.tier.checkpoint..")
        .layer("batch")
        .definedBy("io.ashlar.tier.batch..")
        .layer("object")
        .definedBy("io.ashlar.tier.object..")
        .layer("values")
        .definedBy(resideInAPackage("io.ashlar.tier").and(DescribedPredicate.not(FRONT)))
        .whereLayer("cli")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("front")
        .mayOnlyBeAccessedByLayers("cli")
        .whereLayer("upload")
        .mayOnlyBeAccessedByLayers("cli", "front")
        .whereLayer("restore")
        .mayOnlyBeAccessedByLayers("cli", "front")
        .whereLayer("follow")
        .mayOnlyBeAccessedByLayers("cli")
        .whereLayer("gc")
        .mayOnlyBeAccessedByLayers("cli", "front", "upload", "restore", "follow")
        .whereLayer("fetch")
        .mayOnlyBeAccessedByLayers("cli", "front", "upload", "restore", "follow", "gc")
        .whereLayer("checkpoint")
        .mayOnlyBeAccessedByLayers("cli", "front", "upload", "restore", "follow", "gc", "fetch")
        .whereLayer("batch")
        .mayOnlyBeAccessedByLayers(
            "cli", "front", "upload", "restore", "follow", "gc", "fetch", "checkpoint")
        .whereLayer("values")
        .mayNotAccessAnyLayer()
        .check(CLASSES);
  }

  @Test
  void shouldUseNothingOfTheStoreButItsApiAndItsServiceInterface() {
    noClasses()
        .that(resideInAPackage("io.ashlar.tier..").and(notCli()))
        .should()
        .dependOnClassesThat(
            resideInAPackage("io.ashlar..")
                .and(DescribedPredicate.not(resideInAPackage("io.ashlar.tier..")))
                .and(DescribedPredicate.not(resideInAPackage("io.ashlar.store")))
                .and(DescribedPredicate.not(resideInAPackage("io.ashlar.store.spi"))))
        .check(CLASSES);
  }

  @Test
  void shouldLeaveLoggingAndStorageClientsToTheObjectPackage() {
    noClasses()
        .that(
            resideInAPackage("io.ashlar.tier..")
                .and(DescribedPredicate.not(resideInAPackage("io.ashlar.tier.object.."))))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("software.amazon..", "org.slf4j..")
        .check(CLASSES);
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
                .and(target(owner(DescribedPredicate.not(resideInAPackage("io.ashlar.."))))))
        .check(CLASSES);
  }

  private static DescribedPredicate<JavaClass> notCli() {
    return DescribedPredicate.not(resideInAPackage("io.ashlar.tier.cli.."));
  }
}

package io.ashlar.store.space;

/**
 * The space of a data file as recovery found it.
 *
 * @param allocator the free space.
 * @param fileBlocks blocks of the data file.
 * @param highestEnd the first block after all used blocks.
 */
public record FoundSpace(ExtentAllocator allocator, long fileBlocks, long highestEnd) {}

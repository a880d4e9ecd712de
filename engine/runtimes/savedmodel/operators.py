"""Operators of TensorFlow that a deployed model has no use for, and what each of them would do.

Owns the lists. The sandbox is the wall; these lists are the explanation, so they name what would fail behind it. A
test holds them against TensorFlow's own registry.
"""

READS_FILES = frozenset(
    {
        "CSVDataset",
        "CSVDatasetV2",
        "ExperimentalCSVDataset",
        "ExperimentalLMDBDataset",
        "ExperimentalMatchingFilesDataset",
        "ExperimentalSqlDataset",
        "FixedLengthRecordDataset",
        "FixedLengthRecordDatasetV2",
        "FixedLengthRecordReader",
        "FixedLengthRecordReaderV2",
        "FixedUnigramCandidateSampler",
        "GenerateVocabRemapping",
        "LMDBDataset",
        "LMDBReader",
        "ListSnapshotChunksDataset",
        "LoadAndRemapMatrix",
        "LoadDataset",
        "MatchingFiles",
        "MatchingFilesDataset",
        "ReadFile",
        "RecordInput",
        "Skipgram",
        "SnapshotChunkDataset",
        "SnapshotDatasetReader",
        "SnapshotNestedDatasetReader",
        "SqlDataset",
        "TFRecordDataset",
        "TFRecordDatasetV2",
        "TFRecordReader",
        "TFRecordReaderV2",
        "TextLineDataset",
        "TextLineReader",
        "TextLineReaderV2",
        "WholeFileReader",
        "WholeFileReaderV2",
    }
)

WRITES_FILES = frozenset(
    {
        "CreateSummaryDbWriter",
        "CreateSummaryFileWriter",
        "DatasetToTFRecord",
        "DebugIdentity",
        "DebugIdentityV2",
        "DebugIdentityV3",
        "DebugNanCount",
        "DebugNumericSummary",
        "DebugNumericSummaryV2",
        "DistributedSave",
        "ExperimentalDatasetToTFRecord",
        "FileSystemSetConfiguration",
        "ImportEvent",
        "SaveDataset",
        "SaveDatasetV2",
        "SnapshotDataset",
        "SnapshotDatasetV2",
        "WriteFile",
    }
)

USES_THE_NETWORK = frozenset(
    {
        "ConfigureDistributedTPU",
        "DataServiceDataset",
        "DataServiceDatasetV2",
        "DataServiceDatasetV3",
        "DataServiceDatasetV4",
        "Recv",
        "RegisterDataset",
        "RegisterDatasetV2",
        "RemoteCall",
        "Send",
        "_HostRecv",
        "_HostSend",
        "_Recv",
        "_Send",
    }
)

CALLS_CODE = frozenset({"EagerPyFunc", "PyFunc", "PyFuncStateless"})

ENDS_ITS_PROCESS = frozenset({"Abort"})

DOES: dict[str, str] = {
    **dict.fromkeys(READS_FILES, "reads files"),
    **dict.fromkeys(WRITES_FILES, "writes files"),
    **dict.fromkeys(USES_THE_NETWORK, "uses the network"),
    **dict.fromkeys(CALLS_CODE, "calls Python code that is not in the model"),
    **dict.fromkeys(ENDS_ITS_PROCESS, "ends the process that it runs in"),
}
"""What a forbidden operator does, as the end of "uses READFILE, which …"."""

SAVES = frozenset(
    {"MergeV2Checkpoints", "Restore", "RestoreSlice", "RestoreV2", "Save", "SaveSlices", "SaveV2"}
)
"""Every SavedModel has some of these, to read its variables and to write them: nowhere else are they honest."""

CALLERS = frozenset(
    {
        "BatchFunction",
        "Case",
        "ChooseFastestBranchDataset",
        "ExperimentalGroupByReducerDataset",
        "ExperimentalGroupByWindowDataset",
        "ExperimentalMapAndBatchDataset",
        "ExperimentalMapDataset",
        "ExperimentalParallelInterleaveDataset",
        "ExperimentalScanDataset",
        "ExperimentalTakeWhileDataset",
        "FilterDataset",
        "FlatMapDataset",
        "For",
        "GeneratorDataset",
        "GroupByReducerDataset",
        "GroupByWindowDataset",
        "If",
        "IndexFlatMapDataset",
        "InterleaveDataset",
        "LegacyParallelInterleaveDatasetV2",
        "MapAndBatchDataset",
        "MapDataset",
        "MapDefun",
        "OneShotIterator",
        "ParallelFilterDataset",
        "ParallelInterleaveDataset",
        "ParallelInterleaveDatasetV2",
        "ParallelInterleaveDatasetV3",
        "ParallelInterleaveDatasetV4",
        "ParallelMapDataset",
        "ParallelMapDatasetV2",
        "PartitionedCall",
        "ReduceDataset",
        "ScanDataset",
        "StatefulPartitionedCall",
        "StatelessCase",
        "StatelessIf",
        "StatelessWhile",
        "SymbolicGradient",
        "TPUPartitionedCall",
        "TakeWhileDataset",
        "While",
    }
)
"""Operators that call functions of the model, which they name among their attributes."""

PRINTS = frozenset({"PrintV2"})
"""Harmless while it prints; it can be told to print into a file."""

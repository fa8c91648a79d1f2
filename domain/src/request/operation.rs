//! Open words of requests: what was asked for, how an attempt went, why something was not let in.

use crate::word::words;

words! {
    /// What a client asks for: one for each endpoint. Adding one changes nothing here.
    Operation, OperationKind, "operation":
    CHAT_COMPLETION = "chat_completion",
    COMPLETION = "completion",
    EMBEDDING = "embedding",
    RESPONSE = "response",
    MESSAGE = "message",
    RERANK = "rerank",
    SCORE = "score",
    MODERATION = "moderation",
    TRANSCRIPTION = "transcription",
    TRANSLATION = "translation",
    SPEECH = "speech",
    IMAGE_GENERATION = "image_generation",
    IMAGE_EDIT = "image_edit",
}

words! {
    /// In which an upstream served a request, in its own words.
    ServiceTier, ServiceTierKind, "service tier":
    DEFAULT = "default",
    FLEX = "flex",
    PRIORITY = "priority",
    BATCH = "batch",
}

words! {
    /// How one upstream did with a request.
    AttemptOutcome, AttemptOutcomeKind, "outcome of an attempt":
    COMPLETED = "completed",
    /// Stopped from here: the client was gone, or its time was over.
    CANCELLED = "cancelled",
    /// It found the request at fault.
    REJECTED = "rejected",
    /// 429.
    BUSY = "busy",
    /// 5xx, or what cannot be an answer.
    FAILED = "failed",
    UNREACHABLE = "unreachable",
    /// It broke off in the middle.
    BROKEN = "broken",
    /// Its worker vanished: it may have cost anything.
    UNKNOWN = "unknown",
}

words! {
    /// Why a gateway did not let requests in.
    RejectionReason, RejectionReasonKind, "reason for a rejection":
    INVALID_KEY = "invalid_key",
    MODEL_NOT_FOUND = "model_not_found",
    INVALID_REQUEST = "invalid_request",
    RATE_LIMIT = "rate_limit",
    BUDGET = "budget",
    OVERLOADED = "overloaded",
    QUEUE_FULL = "queue_full",
    UNAVAILABLE = "unavailable",
}

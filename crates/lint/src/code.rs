//! The catalogue: every code that a finding can have, its severity, and where AWS explains it.
//!
//! IAM User Guide, "IAM Access Analyzer policy check reference": codes are its titles in capitals.

use std::fmt;

/// Where AWS explains the findings.
const REFERENCE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/\
                         access-analyzer-reference-policy-checks.html\
                         #access-analyzer-reference-policy-checks-";

/// How much a finding matters, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The policy, or a part of it, does not work.
    Error,
    /// It permits more than is safe.
    SecurityWarning,
    /// It does not do what it seems to, or departs from good practice.
    Warning,
    /// It could be better without doing anything else.
    Suggestion,
}

impl Severity {
    /// The API's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::SecurityWarning => "SECURITY_WARNING",
            Self::Warning => "WARNING",
            Self::Suggestion => "SUGGESTION",
        }
    }

    /// As AWS's anchors have it.
    fn slug(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::SecurityWarning => "security-warning",
            Self::Warning => "general-warning",
            Self::Suggestion => "suggestion",
        }
    }
}

/// Defines [`Code`]; `at` gives the last part of AWS's anchor where it is not the name in kebab case.
macro_rules! catalogue {
    ($($severity:ident { $($code:ident = $name:literal $(at $slug:literal)?,)* })*) => {
        /// What a finding is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "AWS's reference explains each")]
        pub enum Code {
            $($($code,)*)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$($(Self::$code,)*)*];

            /// The API's name, as in `INVALID_ACTION`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $($(Self::$code => $name,)*)*
                }
            }

            /// How much it matters.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $($(Self::$code => Severity::$severity,)*)*
                }
            }

            fn own_slug(self) -> Option<&'static str> {
                match self {
                    $($($(Self::$code => Some($slug),)?)*)*
                    _ => None,
                }
            }
        }
    };
}

catalogue! {
    Error {
        JsonSyntaxError = "JSON_SYNTAX_ERROR",
        DataTypeMismatch = "DATA_TYPE_MISMATCH",
        InvalidPolicyElement = "INVALID_POLICY_ELEMENT",
        UnsupportedElementCombination = "UNSUPPORTED_ELEMENT_COMBINATION",
        InvalidVersion = "INVALID_VERSION",
        MissingStatement = "MISSING_STATEMENT",
        MissingEffect = "MISSING_EFFECT",
        InvalidEffect = "INVALID_EFFECT",
        MissingAction = "MISSING_ACTION",
        MissingResource = "MISSING_RESOURCE",
        MissingPrincipal = "MISSING_PRINCIPAL",
        UnsupportedSid = "UNSUPPORTED_SID",
        UniqueSidsRequired = "UNIQUE_SIDS_REQUIRED",
        InvalidAction = "INVALID_ACTION",
        InvalidServiceInAction = "INVALID_SERVICE_IN_ACTION",
        InvalidService = "INVALID_SERVICE",
        UnsupportedActionInPolicy = "UNSUPPORTED_ACTION_IN_POLICY",
        InvalidArnPrefix = "INVALID_ARN_PREFIX",
        MissingArnField = "MISSING_ARN_FIELD",
        InvalidPartition = "INVALID_PARTITION",
        InvalidArnServiceCase = "INVALID_ARN_SERVICE_CASE",
        ArnRegionNotAllowed = "ARN_REGION_NOT_ALLOWED",
        MissingArnRegion = "MISSING_ARN_REGION",
        InvalidArnRegion = "INVALID_ARN_REGION",
        ArnAccountNotAllowed = "ARN_ACCOUNT_NOT_ALLOWED",
        MissingArnAccount = "MISSING_ARN_ACCOUNT",
        InvalidArnAccount = "INVALID_ARN_ACCOUNT",
        InvalidArnResource = "INVALID_ARN_RESOURCE",
        UnsupportedResourceArnInPolicy = "UNSUPPORTED_RESOURCE_ARN_IN_POLICY",
        UnsupportedPrincipal = "UNSUPPORTED_PRINCIPAL",
        InvalidPrincipalFormat = "INVALID_PRINCIPAL_FORMAT",
        InvalidPrincipalKey = "INVALID_PRINCIPAL_KEY",
        UnsupportedWildcardInPrincipal = "UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        InvalidServicePrincipalFormat = "INVALID_SERVICE_PRINCIPAL_FORMAT",
        FederatedPrincipalNotSupported = "FEDERATED_PRINCIPAL_NOT_SUPPORTED",
        RoleTrustPolicySyntaxErrorNotprincipal = "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL",
        RoleTrustPolicySyntaxErrorResource = "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
        RoleTrustPolicyUnsupportedWildcardInPrincipal = "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        InvalidFederatedPrincipalSyntaxInRoleTrustPolicy = "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY",
        MismatchedActionForPrincipal = "MISMATCHED_ACTION_FOR_PRINCIPAL",
        MissingActionForConditionKey = "MISSING_ACTION_FOR_CONDITION_KEY",
        InvalidConditionOperator = "INVALID_CONDITION_OPERATOR",
        NullWithIfExists = "NULL_WITH_IF_EXISTS",
        InvalidConditionKeyFormat = "INVALID_CONDITION_KEY_FORMAT",
        InvalidGlobalConditionKey = "INVALID_GLOBAL_CONDITION_KEY",
        UnsupportedGlobalConditionKey = "UNSUPPORTED_GLOBAL_CONDITION_KEY",
        InvalidServiceConditionKey = "INVALID_SERVICE_CONDITION_KEY",
        UnsupportedActionForConditionKey = "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
        DuplicateKeysWithDifferentCase = "DUPLICATE_KEYS_WITH_DIFFERENT_CASE",
        InvalidConditionDataType = "INVALID_CONDITION_DATA_TYPE",
        InvalidConditionMultipleBoolean = "INVALID_CONDITION_MULTIPLE_BOOLEAN",
        MissingQualifier = "MISSING_QUALIFIER",
        MissingTagKeyInCondition = "MISSING_TAG_KEY_IN_CONDITION",
        InvalidRegion = "INVALID_REGION",
        InvalidVpcFormat = "INVALID_VPC_FORMAT",
        InvalidVpceFormat = "INVALID_VPCE_FORMAT",
        PrivateIpAddress = "PRIVATE_IP_ADDRESS",
        PrivateNotipaddress = "PRIVATE_NOTIPADDRESS" at "private-not-ip-address",
        MissingBraceInVariable = "MISSING_BRACE_IN_VARIABLE",
        MissingQuoteInVariable = "MISSING_QUOTE_IN_VARIABLE",
        UnsupportedSpaceInVariable = "UNSUPPORTED_SPACE_IN_VARIABLE",
        EmptyVariable = "EMPTY_VARIABLE",
        InvalidVariableForOperator = "INVALID_VARIABLE_FOR_OPERATOR",
        VariableUnsupportedInElement = "VARIABLE_UNSUPPORTED_IN_ELEMENT",
        VariableUnsupportedInVersion = "VARIABLE_UNSUPPORTED_IN_VERSION",
        ScpSyntaxErrorActionWildcard = "SCP_SYNTAX_ERROR_ACTION_WILDCARD",
        ScpSyntaxErrorPrincipal = "SCP_SYNTAX_ERROR_PRINCIPAL",
        PolicySizeExceedsScpQuota = "POLICY_SIZE_EXCEEDS_SCP_QUOTA",
    }
    SecurityWarning {
        PassRoleWithStarInResource = "PASS_ROLE_WITH_STAR_IN_RESOURCE",
        PassRoleWithStarInActionAndResource = "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
        PassRoleWithStarInResourceAndNotaction = "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOTACTION" at "pass-role-with-star-in-resource-and-not-action",
        PassRoleWithNotresource = "PASS_ROLE_WITH_NOTRESOURCE" at "pass-role-with-not-resource",
        PassRoleWithStarInActionAndNotresource = "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOTRESOURCE" at "pass-role-with-star-in-action-and-not-resource",
        PassRoleWithNotactionAndNotresource = "PASS_ROLE_WITH_NOTACTION_AND_NOTRESOURCE" at "pass-role-with-not-action-and-not-resource",
        AllowWithNotprincipal = "ALLOW_WITH_NOTPRINCIPAL" at "allow-with-not-principal",
        ForallvaluesWithSingleValuedKey = "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
        StringLikeOperatorWithArnConditionKeys = "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS",
        MissingPairedConditionKeys = "MISSING_PAIRED_CONDITION_KEYS",
        RestrictAccessToServicePrincipal = "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL",
        DenyWithUnsupportedTagConditionKeyForService = "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        DenyNotactionWithUnsupportedTagConditionKeyForService = "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        MissingConditionKeyForOidcPrincipal = "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL",
    }
    Warning {
        CreateSlrWithStarInResource = "CREATE_SLR_WITH_STAR_IN_RESOURCE",
        CreateSlrWithStarInActionAndResource = "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE",
        CreateSlrWithStarInResourceAndNotaction = "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOTACTION" at "create-slr-with-star-in-resource-and-not-action",
        CreateSlrWithNotresource = "CREATE_SLR_WITH_NOTRESOURCE" at "create-slr-with-not-resource",
        CreateSlrWithStarInActionAndNotresource = "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOTRESOURCE" at "create-slr-with-star-in-action-and-not-resource",
        CreateSlrWithNotactionAndNotresource = "CREATE_SLR_WITH_NOTACTION_AND_NOTRESOURCE" at "create-slr-with-not-action-and-not-resource",
        MissingVersion = "MISSING_VERSION",
        UniqueSidsRecommended = "UNIQUE_SIDS_RECOMMENDED",
        WildcardWithoutLikeOperator = "WILDCARD_WITHOUT_LIKE_OPERATOR",
        TypeMismatch = "TYPE_MISMATCH",
        TypeMismatchBoolean = "TYPE_MISMATCH_BOOLEAN",
        TypeMismatchDate = "TYPE_MISMATCH_DATE",
        TypeMismatchIpRange = "TYPE_MISMATCH_IP_RANGE",
        TypeMismatchNumber = "TYPE_MISMATCH_NUMBER",
        TypeMismatchString = "TYPE_MISMATCH_STRING",
        InvalidDateValue = "INVALID_DATE_VALUE",
        InvalidRoleReference = "INVALID_ROLE_REFERENCE",
        InvalidUserReference = "INVALID_USER_REFERENCE",
        DeprecatedGlobalConditionKey = "DEPRECATED_GLOBAL_CONDITION_KEY",
        PolicySizeExceedsIdentityPolicyQuota = "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
        PolicySizeExceedsResourcePolicyQuota = "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA",
        PolicySizeExceedsRoleTrustPolicyQuota = "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA",
    }
    Suggestion {
        EmptyArrayAction = "EMPTY_ARRAY_ACTION",
        EmptyArrayResource = "EMPTY_ARRAY_RESOURCE",
        EmptyArrayPrincipal = "EMPTY_ARRAY_PRINCIPAL",
        EmptyArrayCondition = "EMPTY_ARRAY_CONDITION",
        EmptyArrayConditionForallvalues = "EMPTY_ARRAY_CONDITION_FORALLVALUES",
        EmptyArrayConditionForanyvalue = "EMPTY_ARRAY_CONDITION_FORANYVALUE",
        EmptyArrayConditionIfexists = "EMPTY_ARRAY_CONDITION_IFEXISTS",
        EmptyObjectCondition = "EMPTY_OBJECT_CONDITION",
        EmptyObjectPrincipal = "EMPTY_OBJECT_PRINCIPAL",
        EmptySidValue = "EMPTY_SID_VALUE",
        RedundantAction = "REDUNDANT_ACTION",
        RedundantResource = "REDUNDANT_RESOURCE",
        RedundantStatement = "REDUNDANT_STATEMENT",
        RedundantConditionValueNum = "REDUNDANT_CONDITION_VALUE_NUM",
        RedundantPrincipalInRoleTrustPolicy = "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY",
        WildcardInServiceName = "WILDCARD_IN_SERVICE_NAME",
        ImproveIpRange = "IMPROVE_IP_RANGE",
        PrivateIpAddressSubset = "PRIVATE_IP_ADDRESS_SUBSET",
        PrivateNotipaddressSubset = "PRIVATE_NOTIPADDRESS_SUBSET" at "private-not-ip-address-subset",
        NullWithQualifier = "NULL_WITH_QUALIFIER",
        EquivalentToNullFalse = "EQUIVALENT_TO_NULL_FALSE",
        AllowWithUnsupportedTagConditionKeyForService = "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        AllowNotactionWithUnsupportedTagConditionKeyForService = "ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        RecommendedConditionKeyForServicePrincipal = "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
        IrrelevantConditionKeyInPolicy = "IRRELEVANT_CONDITION_KEY_IN_POLICY",
        ConfirmAudienceClaimType = "CONFIRM_AUDIENCE_CLAIM_TYPE",
    }
}

impl Code {
    /// The address of AWS's explanation.
    #[must_use]
    pub fn learn_more(self) -> String {
        let slug = match self.own_slug() {
            Some(slug) => slug.to_owned(),
            None => self.name().to_lowercase().replace('_', "-"),
        };
        format!("{REFERENCE}{}-{slug}", self.severity().slug())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_to_aws() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::InvalidAction.learn_more().ends_with("checks-error-invalid-action"));
        assert!(
            Code::PassRoleWithNotresource
                .learn_more()
                .ends_with("checks-security-warning-pass-role-with-not-resource")
        );
    }
}
